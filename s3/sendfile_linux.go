package s3

import (
	"io"
	"os"
	"syscall"
)

// sendFile sends r if it lies in a file. done says whether it is all sent.
func (c *stallConn) sendFile(r io.Reader) (sent int64, done bool, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return 0, false, nil
	}
	body, ok := limited.R.(*attemptBody)
	if !ok || body.file == nil {
		return 0, false, nil
	}
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return 0, false, nil
	}
	to, err := conn.SyscallConn()
	if err != nil {
		return 0, false, err
	}
	for limited.N > 0 {
		f, offset, n, err := body.nextFile(limited.N)
		for n > 0 {
			m, err := c.sendPiece(to, f, offset, n)
			if err == nil && m == 0 {
				err = body.fail()
			}
			if err != nil {
				return sent, false, c.explain(err)
			}
			body.wentOut(m)
			sent, offset, n = sent+int64(m), offset+int64(m), n-m
			limited.N -= int64(m)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return sent, false, err
		}
	}
	return sent, true, nil
}

// sendPiece sends some of n bytes at offset of f. The file may be closed by its owner
// meanwhile, which is then an error: its descriptor is not touched while the connection is waited for.
func (c *stallConn) sendPiece(to syscall.RawConn, f *os.File, offset int64, n int) (sent int, err error) {
	if err := c.arm(); err != nil {
		return 0, err
	}
	from, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var fileErr, sendErr error
	err = to.Write(func(fd uintptr) bool {
		fileErr = from.Control(func(src uintptr) {
			for {
				at := offset
				if sent, sendErr = syscall.Sendfile(int(fd), int(src), &at, n); sendErr != syscall.EINTR {
					break
				}
			}
		})
		return fileErr != nil || sendErr != syscall.EAGAIN
	})
	switch {
	case err != nil:
		return 0, err
	case fileErr != nil:
		return 0, fileErr
	case sendErr != nil:
		return 0, os.NewSyscallError("sendfile", sendErr)
	}
	return sent, nil
}
