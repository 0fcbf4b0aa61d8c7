package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/bench/internal/emulate"
	"github.com/icos-go/icos/bench/internal/report"
)

// contest is a row of the table of flows on one bottleneck.
type contest struct {
	name  string
	flows []clientFlags // begun half a second after each other
	want  string
}

func contests(link float64) []contest {
	rapid := func(policy string) clientFlags { return clientFlags{transport: "rapid", policy: policy} }
	tcp := clientFlags{transport: "tcp"}
	fixed := rapid("fixed")
	fixed.target = int64(link * 0.3)
	return []contest{
		{"fair alone", []clientFlags{rapid("fair")}, "queue below half an RTT"},
		{"fair, TCP cubic", []clientFlags{rapid("fair"), tcp}, "TCP 35 to 65 %"},
		{"TCP cubic, fair", []clientFlags{tcp, rapid("fair")}, "TCP 35 to 65 %"},
		{"fair, fair", []clientFlags{rapid("fair"), rapid("fair")}, "Jain 0.95 or more"},
		{"low, TCP cubic", []clientFlags{rapid("low"), tcp}, "TCP 85 % or more"},
		{"low alone", []clientFlags{rapid("low")}, "90 % or more"},
		{"high, fair", []clientFlags{rapid("high"), rapid("fair")}, "about 2 : 1"},
		// Targets count UDP payloads: of 1472 bytes in IP packets of 1500.
		{"fixed at 30 %, TCP cubic", []clientFlags{fixed, tcp}, "fixed within 5 % of 30.6 %, its target with IP headers"},
		{"TCP cubic, TCP cubic", []clientFlags{tcp, tcp}, "for comparison"},
		{"TCP bbr alone", []clientFlags{tcp}, "for comparison"},
	}
}

// benchFairness runs flows side by side over one clean link with a queue of 1 BDP.
func benchFairness(ctx context.Context, b *bench) error {
	cell := emulate.Shape{Rate: 100e6, RTT: 50 * time.Millisecond, Seed: 1}
	if !b.cells.MatchString(cell.String()) {
		return nil
	}
	settle, window := 10*time.Second, 25*time.Second
	if b.quick {
		settle, window = 3*time.Second, 4*time.Second
	}
	all := slices.DeleteFunc(contests(cell.Rate), func(c contest) bool { return !b.only.MatchString(c.name) })
	rows := make([][]string, len(all))
	// Three links at once leave the processors half idle.
	err := sideBySide(3, len(all), func(i int) error {
		c := all[i]
		shares, s, err := b.contest(ctx, cell, c, settle, window)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			b.note("fairness, %s: %v", c.name, err)
			rows[i] = []string{c.name, "failed", "", "", "", "", "", c.want}
			return nil
		}
		var text []string
		for _, v := range shares {
			text = append(text, fmt.Sprintf("%.1f", 100*v))
		}
		b.note("fairness, %s: %s", c.name, strings.Join(text, " : "))
		if b.verbose {
			for i, f := range flows(s, len(c.flows)) {
				var line []string
				for at := time.Duration(0); at < settle+window; at += time.Second {
					line = append(line, fmt.Sprintf("%.0f", 100*f.Rate(at, at+time.Second)/cell.Rate))
				}
				b.note("  flow %d, %% each second: %s", i+1, strings.Join(line, " "))
			}
		}
		rows[i] = []string{
			c.name, strings.Join(text, " : "), fmt.Sprintf("%.3f", jain(shares)),
			fmt.Sprintf("%.1f", s.Wait(0.5).Seconds()*1e3), fmt.Sprintf("%.1f", s.Wait(0.95).Seconds()*1e3),
			fmt.Sprintf("%.2f", 100*float64(s.QueueDrops)/float64(max(s.Sent, 1))),
			fmt.Sprintf("%.1f", 100*float64(s.Late)/float64(max(s.Delivered, 1))), c.want,
		}
		return nil
	})
	if err != nil {
		return err
	}
	t := report.NewTable("flows", "shares of the link %", "Jain", "queue ms, median", "95 %", "queue drops %", "late %", "wanted")
	for _, r := range rows {
		t.Row(r...)
	}
	fmt.Fprintf(b.out, "Flows on one bottleneck, %s (Mbit/s, RTT ms, loss %%), queue of 1 BDP; IP bytes in %v after %v\n\n%s\n", cell.String(), window, settle, t)
	return nil
}

// stagger is how much later the second flow begins.
const stagger = 500 * time.Millisecond

func (b *bench) contest(ctx context.Context, cell emulate.Shape, c contest, settle, window time.Duration) (shares []float64, s *emulate.Stats, err error) {
	congestion := "cubic"
	if c.name == "TCP bbr alone" {
		congestion = "bbr"
	}
	rapid := slices.ContainsFunc(c.flows, func(f clientFlags) bool { return f.transport == "rapid" })
	e, err := b.open(cell, congestion, rapid)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		_, _, stop := e.stop()
		err = errors.Join(err, stop)
	}()
	e.link.Reset()
	ended := make(chan error, len(c.flows))
	for i, f := range c.flows {
		f.op, f.streams, f.size, f.objects = "get", 1, 1<<40, 1
		f.limit = settle + window + time.Second - time.Duration(i)*stagger
		go func() {
			err := pause(ctx, time.Duration(i)*stagger)
			if err == nil {
				_, _, err = e.client(ctx, f)
			}
			ended <- err
		}()
	}
	// What was in the queue before the flows had settled does not count.
	err = pause(ctx, settle)
	before := e.link.Stats(emulate.B)
	if err == nil {
		err = pause(ctx, window)
	}
	s = e.link.Stats(emulate.B)
	for range c.flows {
		err = errors.Join(err, <-ended)
	}
	if err != nil {
		return nil, nil, err
	}
	s.Since(before)
	for _, f := range flows(s, len(c.flows)) {
		shares = append(shares, f.Rate(settle, settle+window)/cell.Rate)
	}
	return shares, s, nil
}

// pause waits for d, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flows returns the n largest flows in the order in which they began.
func flows(s *emulate.Stats, n int) []*emulate.Flow {
	var all []*emulate.Flow
	for _, f := range s.Flows {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *emulate.Flow) int { return cmp.Compare(b.Payload, a.Payload) })
	all = all[:min(n, len(all))]
	slices.SortFunc(all, func(a, b *emulate.Flow) int { return cmp.Compare(a.First, b.First) })
	return all
}

// jain is Jain's index of fairness: 1 if all are equal, 1/n if one has all.
func jain(shares []float64) float64 {
	var sum, squares float64
	for _, v := range shares {
		sum += v
		squares += v * v
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(shares)) * squares)
}
