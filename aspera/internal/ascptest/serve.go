package ascptest

import (
	"errors"
	"strconv"
)

// serve moves the files that it is told, one after the other, until it is told that
// there are no more.
func (p *program) serve() int {
	var passed int
	for {
		select {
		case <-p.cancel:
			return p.fail(28, errStop.Error())
		case f := <-p.starts:
			if p.fault == LeavesLater && passed == 3 {
				return p.fail(16, "connection lost")
			}
			if p.one(f[0], f[1]) {
				passed++
			}
		case <-p.finish:
			p.say("DONE", "TransfersPassed", strconv.Itoa(passed), "TransferBytes", strconv.FormatInt(p.call.Sent, 10))
			return 0
		}
	}
}

// one moves a file. It says what became of it, and returns whether it went well.
func (p *program) one(source, destination string) bool {
	p.mu.Lock()
	stop := p.wanted[source]
	p.mu.Unlock()
	p.transfer = transfer{stop: stop}
	t := &p.transfer
	err := errStop
	if stop != nil {
		err = t.open(&p.call, source, destination)
	}
	if err == nil {
		err = p.pieces()
	}
	if t.local != nil {
		err = errors.Join(err, t.local.Close())
	}
	p.mu.Lock()
	delete(p.wanted, source)
	p.mu.Unlock()
	p.call.Files++
	if code, ok := p.code(OneFile); ok && err == nil && p.call.Files == 2 {
		err = &statusError{code, "this file failed"}
	}
	if err != nil {
		code := 11
		if e, ok := errors.AsType[*statusError](err); ok {
			code = e.code
		}
		p.say("FILEERROR", "File", source, "Code", strconv.Itoa(code), "Description", err.Error())
		p.say("ARGSTOP", "Source", source, "ArgTransfersAttempted", "1", "ArgTransfersFailed", "1")
		return false
	}
	if p.fault != Terse {
		p.say("STOP", "File", source, "Size", strconv.FormatInt(t.size, 10))
	}
	p.say("ARGSTOP", "Source", source, "ArgTransfersAttempted", "1", "ArgTransfersPassed", "1")
	return true
}
