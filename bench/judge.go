package main

import (
	"fmt"
	"time"
)

// want is what icos sets out to reach on a row: no more than so many times the
// floor, and at least so many times faster than the best peer. 0 means no claim.
type want struct{ floor, peer float64 }

var wants = map[string]want{
	"put1g http":   {floor: 1.2},
	"put1g https":  {floor: 1.1},
	"get1g http":   {floor: 1.1},
	"get1g https":  {floor: 1.1},
	"put4k http":   {1.3, 2.5},
	"put4k https":  {1.3, 2.5},
	"get4k http":   {1.3, 3.5},
	"get4k https":  {1.3, 3.5},
	"put256k http": {floor: 1.3}, "put256k https": {floor: 1.3},
	"list http": {1.3, 8}, "list https": {1.3, 8},
}

// peakWanted is the memory that a client of ours may use, bytes.
const peakWanted = 48 << 20

// judge compares icos with what it wants to be, by wall time and by processor
// time of the client; the second is steadier on a busy machine.
func (r row) judge(scheme string, results []result) []string {
	var floor, peer *result
	for i := range results {
		res := &results[i]
		switch {
		case len(res.samples) == 0:
		case i == 0:
			floor = res
		case !res.client.ours && (peer == nil || res.wall() < peer.wall()):
			peer = res
		}
	}
	var lines []string
	for _, res := range results[1:] {
		if !res.client.ours {
			continue
		}
		what := fmt.Sprintf("  %-7s %-5s %-12s", r.name, scheme, res.client.name)
		if floor == nil || len(res.samples) == 0 {
			lines = append(lines, what+" failed")
			continue
		}
		w := wants[r.name+" "+scheme]
		over := times(res.wall(), floor.wall())
		overCPU := times(res.cpu(), floor.cpu())
		line := fmt.Sprintf("%s wall %.2f × floor, CPU %.2f × (want ≤ %.1f: %s)", what, over, overCPU, w.floor, met(min(over, overCPU) <= w.floor))
		if peer != nil {
			gain := times(peer.wall(), res.wall())
			line += fmt.Sprintf("; %.1f × faster than %s", gain, peer.client.name)
			if w.peer > 0 {
				line += fmt.Sprintf(" (want ≥ %.1f: %s)", w.peer, met(gain >= w.peer))
			}
		}
		line += fmt.Sprintf("; peak %d MiB (want ≤ %d: %s)", res.rss()>>20, peakWanted>>20, met(res.rss() <= peakWanted))
		lines = append(lines, line)
	}
	return lines
}

func times(a, b time.Duration) float64 { return float64(a) / float64(b) }

func met(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}
