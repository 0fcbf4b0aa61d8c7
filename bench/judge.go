package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// judge compares icos with what it wants to be, by wall time. On a machine that is
// busy with something else the ratio of processor times is the one to believe.
func (r row) judge(scheme string, results []result) []string {
	floor := &results[0]
	var lines []string
	for i := range results[1:] {
		res := &results[i+1]
		if !res.client.ours {
			continue
		}
		line := fmt.Sprintf("  %-7s %-5s %-13s", r.name, scheme, res.client.name)
		if len(floor.samples) == 0 || len(res.samples) == 0 {
			lines = append(lines, line+" failed")
			continue
		}
		w := wants[r.name+" "+scheme]
		over := times(res.wall(), floor.wall())
		line += fmt.Sprintf(" %.2f × floor (CPU %.2f ×", over, times(res.cpu(), floor.cpu()))
		if w.floor > 0 {
			line += fmt.Sprintf("; want ≤ %.1f: %s", w.floor, met(over <= w.floor))
		}
		line += ")"
		for _, peer := range []*result{best(results, false), best(results, true)} {
			if peer == nil {
				continue
			}
			gain := times(peer.wall(), res.wall())
			line += fmt.Sprintf(", %.1f × faster than %s", gain, peer.client.name)
			// What is claimed is claimed of tools.
			if w.peer > 0 && !peer.client.sdk {
				line += fmt.Sprintf(" (want ≥ %.1f: %s)", w.peer, met(gain >= w.peer))
			}
		}
		line += fmt.Sprintf(", peak %d MiB (want ≤ %d: %s)", res.rss()>>20, peakWanted>>20, met(res.rss() <= peakWanted))
		lines = append(lines, line)
	}
	return lines
}

// best returns the fastest peer that is a tool, or a library.
func best(results []result, sdk bool) *result {
	var top *result
	for i := range results {
		res := &results[i]
		if !res.client.ours && res.client.sdk == sdk && len(res.samples) > 0 && (top == nil || res.wall() < top.wall()) {
			top = res
		}
	}
	return top
}

// judgeServers compares icos serve with what it wants to be: three times the
// requests of the best peer, and bounds for the rest that hold at full size only.
func judgeServers(all []*serverResult) string {
	var ours *serverResult
	rates := map[string]float64{} // best of the peers
	peers := map[string]string{}
	cells := func(r *serverResult) map[string]float64 {
		c := map[string]float64{}
		for _, n := range inFlight {
			c[fmt.Sprintf("PUT/s c%d", n)] = middle(r.put[n]).perSecond()
			c[fmt.Sprintf("GET/s c%d", n)] = middle(r.get[n]).perSecond()
		}
		return c
	}
	for _, r := range all {
		switch r.kind.name {
		case null.name:
		case icosServe.name:
			ours = r
		default:
			for name, rate := range cells(r) {
				if rate > rates[name] {
					rates[name], peers[name] = rate, r.kind.name
				}
			}
		}
	}
	if ours == nil {
		return ""
	}
	var b strings.Builder
	mine := cells(ours)
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		if rates[name] > 0 {
			gain := mine[name] / rates[name]
			fmt.Fprintf(&b, "  %s: %.1f × %s (want ≥ 3: %s)\n", name, gain, peers[name], met(gain >= 3))
		}
	}
	bound := func(name string, got, most float64, unit string) {
		fmt.Fprintf(&b, "  %s: %.2f %s (want ≤ %g: %s)\n", name, got, unit, most, met(got <= most))
	}
	bound("list", ours.lists[0].wall.Seconds(), 0.3, "s")
	bound("large object up", result{samples: ours.up}.wall().Seconds(), 1.5, "s")
	bound("ready", ours.ready.Seconds(), 0.1, "s")
	bound("memory then", float64(ours.rss)/(1<<20), 50, "MiB")
	return b.String()
}

func times(a, b time.Duration) float64 { return float64(a) / float64(b) }

func met(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}
