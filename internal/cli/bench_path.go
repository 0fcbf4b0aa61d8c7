package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newBenchPath(a *app) *cobra.Command {
	b := benchPath{app: a, duration: 5 * time.Second, size: 256 << 20, connections: 16}
	cmd := &cobra.Command{
		Use:   "path cos://BUCKET[/PREFIX]",
		Short: "Measure the path to a bucket, and say which engine is the fastest",
		Long: `Measure how fast bytes get to BUCKET and back: over https, as transfers do it by
default, and over rapid, through the relay that ICOS_RELAY names or, without
one, through the transfer service if the bucket has one that offers rapid.

Each engine uploads for --duration, and downloads for as long, but no more than
--size each way. Uploads are parts of an upload that is never completed, and
downloads are of a temporary object under PREFIX, which is removed; so nothing is
left behind, also after Ctrl-C. In a bucket that does not let objects be removed
an object that is there already is read instead.

  rtt       the least round trip: a TCP connection to the endpoint, or a packet
            to the relay
  request   the median time of a small request to the bucket
  loss      the share of packets lost on the way up (https: sent again)
  up, down  bytes that arrived, a second, without the first moments

` + exitHelp,
		Example: `  icos bench path cos://my-bucket
  ICOS_RELAY=https://relay.example:33001 icos bench path --duration 10s cos://my-bucket`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET")
			if err != nil {
				return err
			}
			return b.run(cmd.Context(), l)
		},
	}
	f := cmd.Flags()
	f.Var((*spanFlag)(&b.duration), "duration", "how long each engine sends, and receives")
	f.Var(&b.size, "size", "most that each engine sends, and receives")
	f.IntVarP(&b.connections, "connections", "c", b.connections, "connections or streams at a time")
	return cmd
}

type benchPath struct {
	*app
	duration    time.Duration
	size        sizeFlag
	connections int
}

// pathResult is what was measured of one engine. It is a line of --json, whose
// fields are only ever added to.
type pathResult struct {
	V       int      `json:"v"`
	Type    string   `json:"type"` // path
	Engine  string   `json:"engine"`
	Via     string   `json:"via,omitempty"`     // the relay or the transfer service
	RTT     float64  `json:"rtt,omitempty"`     // seconds
	Request float64  `json:"request,omitempty"` // seconds
	Loss    *float64 `json:"loss,omitempty"`    // share of the packets sent; absent if unknown
	Up      float64  `json:"up,omitempty"`      // bytes a second
	Down    float64  `json:"down,omitempty"`    // bytes a second
	Sent    int64    `json:"sent"`              // bytes moved to find that out
	Got     int64    `json:"received"`
	Message string   `json:"message,omitempty"` // why something is missing
}

// pathVerdict is the last line of --json.
type pathVerdict struct {
	V    int     `json:"v"`
	Type string  `json:"type"` // verdict
	Up   *winner `json:"up,omitempty"`
	Down *winner `json:"down,omitempty"`
}

// A winner is the faster engine and how many times as fast as the other it is; "" if
// there is no difference that matters.
type winner struct {
	Engine string  `json:"engine"`
	Factor float64 `json:"factor"`
}

func (b *benchPath) run(ctx context.Context, at location) (err error) {
	if b.duration <= 0 || b.size < minProbe || b.connections < 1 || b.connections > 256 {
		return &usageError{fmt.Errorf("--duration must be more than 0, --size at least %s, and --connections 1 to 256", formatSize(minProbe))}
	}
	b.flags.identity = true // a transfer service, and a relay without a token of its own, need one
	cfg, err := b.config()
	if err != nil {
		return err
	}
	https, err := newHTTPSEngine(cfg, at.bucket)
	if err != nil {
		return err
	}
	defer https.close()
	engines := []*pathEngine{https}
	if err := https.reach(ctx); err != nil {
		return err // without a bucket there is no path to it
	}
	fast, err := b.rapidEngine(ctx, cfg, https, at.bucket)
	if err != nil {
		return err
	}
	if fast != nil {
		defer fast.close()
		engines = append(engines, fast)
		if fast.err = fast.reach(ctx); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if err := b.measure(ctx, at, engines); err != nil {
		return err
	}
	return b.report(engines)
}

// measure uploads and downloads by every engine, and removes what that took.
func (b *benchPath) measure(ctx context.Context, at location, engines []*pathEngine) (err error) {
	p := newProbe(engines[0].bucket, at.key)
	defer func() {
		if cerr := p.clean(ctx); cerr != nil {
			err = errors.Join(err, cerr)
		}
	}()
	for _, e := range engines {
		if e.err != nil {
			continue
		}
		b.notef("icos: uploading over %s …\n", e.name)
		if e.err = b.upload(ctx, p, e); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	best := 0.0
	for _, e := range engines {
		best = max(best, e.result.Up)
	}
	source, err := p.source(ctx, fastest(engines), best, int64(b.size))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, e := range engines {
		switch {
		case e.err != nil:
			continue
		case err != nil:
			e.result.Message = "download: " + err.Error()
			continue
		}
		b.notef("icos: downloading over %s …\n", e.name)
		if e.err = b.download(ctx, source, e); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// fastest is the engine that uploaded at the highest rate.
func fastest(engines []*pathEngine) *pathEngine {
	best := engines[0]
	for _, e := range engines {
		if e.err == nil && e.result.Up > best.result.Up {
			best = e
		}
	}
	return best
}

// report shows what was found, and returns why an engine could not be measured.
func (b *benchPath) report(engines []*pathEngine) error {
	var failed error
	for _, e := range engines {
		e.finish()
		if e.err != nil {
			e.result.Message = e.err.Error()
			if failed == nil {
				failed = fmt.Errorf("%s: %w", e.name, e.err)
			}
		}
	}
	verdict := judgePaths(engines)
	if b.flags.json {
		for _, e := range engines {
			if err := b.emitLine(e.result); err != nil {
				return err
			}
		}
		if err := b.emitLine(verdict); err != nil {
			return err
		}
		return failed
	}
	if err := b.printf("%s\n%s\n", pathTable(engines), verdictText(engines, verdict)); err != nil {
		return err
	}
	return failed
}

func (b *benchPath) emitLine(v any) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return b.printf("%s\n", doc)
}

// pathTable has a line for each engine.
func pathTable(engines []*pathEngine) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-7s %9s %9s %7s  %-26s %-26s\n", "engine", "rtt", "request", "loss", "up", "down")
	for _, e := range engines {
		r := &e.result
		loss := "-"
		if r.Loss != nil {
			loss = fmt.Sprintf("%.2f %%", *r.Loss*100)
		}
		fmt.Fprintf(&out, "%-7s %9s %9s %7s  %-26s %-26s\n", r.Engine, shortTime(r.RTT), shortTime(r.Request), loss, shortRate(r.Up), shortRate(r.Down))
	}
	for _, e := range engines {
		if e.result.Via != "" {
			fmt.Fprintf(&out, "%s goes through %s\n", e.name, e.result.Via)
		}
		if e.result.Message != "" {
			fmt.Fprintf(&out, "%s: %s\n", e.name, printableText(e.result.Message))
		}
	}
	return out.String()
}

func shortTime(seconds float64) string {
	if seconds <= 0 {
		return "-"
	}
	if seconds < 1e-3 {
		return fmt.Sprintf("%.2f ms", seconds*1e3)
	}
	return fmt.Sprintf("%.1f ms", seconds*1e3)
}

func shortRate(perSecond float64) string {
	if perSecond <= 0 {
		return "-"
	}
	return formatBytesRate(perSecond)
}

// noDifference is by how much two engines may differ that are called equal: as
// much as the same engine differs from one run to the next.
const noDifference = 1.1

// judgePaths compares the two engines, if there are two.
func judgePaths(engines []*pathEngine) pathVerdict {
	v := pathVerdict{V: schemaVersion, Type: "verdict"}
	if len(engines) < 2 {
		return v
	}
	https, fast := &engines[0].result, &engines[1].result
	v.Up = judge(https.Up, fast.Up, engines)
	v.Down = judge(https.Down, fast.Down, engines)
	return v
}

func judge(https, fast float64, engines []*pathEngine) *winner {
	switch {
	case https <= 0 || fast <= 0:
		return nil
	case fast >= https*noDifference:
		return &winner{engines[1].name, fast / https}
	case https >= fast*noDifference:
		return &winner{engines[0].name, https / fast}
	}
	return &winner{"", max(fast/https, https/fast)}
}

// verdictText says which engine to use.
func verdictText(engines []*pathEngine, v pathVerdict) string {
	if len(engines) < 2 {
		return "Only https was measured. A relay near the bucket may be faster over a long or lossy\n" +
			"path: see icos relay --help, and set ICOS_RELAY and ICOS_RELAY_TOKEN."
	}
	if engines[1].err != nil && v.Up == nil && v.Down == nil {
		return "Use https: rapid does not work here."
	}
	var parts []string
	for _, c := range []struct {
		what string
		w    *winner
	}{{"uploads", v.Up}, {"downloads", v.Down}} {
		switch {
		case c.w == nil:
		case c.w.Engine == "":
			parts = append(parts, "there is no difference in "+c.what)
		default:
			parts = append(parts, fmt.Sprintf("%s %s %.1f times as fast", c.w.Engine, c.what, c.w.Factor))
		}
	}
	same := v.Up != nil && v.Down != nil && v.Up.Engine == v.Down.Engine
	switch {
	case len(parts) == 0:
		return "There is nothing to compare."
	case same && v.Up.Engine == "":
		return "There is no difference that matters: https needs nothing else."
	case same:
		return fmt.Sprintf("Use %s: it uploads %.1f times and downloads %.1f times as fast.", v.Up.Engine, v.Up.Factor, v.Down.Factor)
	}
	text := strings.Join(parts, ", ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// rapidEngine is how bytes travel through a relay or a transfer service, nil if
// there is neither.
func (b *benchPath) rapidEngine(ctx context.Context, cfg icos.Config, https *pathEngine, bucket string) (*pathEngine, error) {
	off, err := b.offloadOff()
	if err != nil {
		return nil, &usageError{err}
	}
	o := rapidOptions{noOffload: off}
	if r := b.relay(cfg); r != nil {
		o.grants, o.via = r, r.URL
		return newRapidEngine(cfg, bucket, o)
	}
	grants, via := serviceGrants(ctx, https.client, bucket)
	if grants == nil {
		return nil, context.Cause(ctx)
	}
	o.grants, o.via = grants, via
	return newRapidEngine(cfg, bucket, o)
}
