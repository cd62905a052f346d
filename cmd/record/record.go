// Package record is `midwatch record`: what passes find out, kept in a file.
package record

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/series"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
	"github.com/midwatch-cli/midwatch/fleet/record/pages"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// maxSize is how large a recording grows where nobody says otherwise: nobody
// wants a full disk for one that was forgotten.
const maxSize = "1GB"

// leastWindow is for how long samples are kept in memory: as long as what is
// shown beside passes is about, and a little more.
const leastWindow = 90 * time.Second

type options struct {
	sel      app.Selection
	probing  app.Probing
	watching app.Watching
	to       string
	duration time.Duration
	maxSize  string
	bare     bool // --no-metrics
	force    bool
}

const example = `  midwatch record                                  everything, until Ctrl-C
  midwatch record payment order --duration 10m
  midwatch record --to incident.jsonl.zst --interval 2s
  midwatch replay incident.jsonl.zst -- check      how it was`

// New returns the command.
func New(a *app.App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "record [SERVICE...]", Short: "Keep what is found out in a file", Example: example,
		Long: `record looks at the fleet again and again, as check -w does, and keeps all it finds out
in a file: every answer, every breaker, every sample of metrics, and how each instance
was asked. midwatch replay
answers from it what a command would have answered then. It ends by Ctrl-C, or when
--duration or --timeout is over; what was recorded until then counts, however it ended.

The file is yours alone and holds no credentials. It does hold addresses, metadata and
the first bytes of answers.`,
		ValidArgsFunction: a.ServiceArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), a, &o, args)
		},
	}
	o.sel.Add(cmd, a)
	o.probing.Add(cmd, a)
	o.watching.AddInterval(cmd, fleet.Interval)
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "`FILE` to write (default: midwatch-TIME"+record.Extension+" in this folder); one that ends in .jsonl is not compressed")
	f.DurationVar(&o.duration, "duration", 0, "end after so long (default: until Ctrl-C)")
	f.StringVar(&o.maxSize, "max-size", maxSize, "end when the file is so large")
	f.BoolVar(&o.bare, "no-metrics", false, "do not read the metrics of instances: the recording is smaller, and has no answers about them")
	f.BoolVar(&o.force, "force", false, "write over a file that is there")
	a.NoComplete(cmd, "duration", "max-size")
	return cmd
}

// words are what chose the services, for people.
func (o *options) words(names []string) []string {
	words := append([]string(nil), names...)
	for _, f := range []struct{ flag, value string }{
		{"-l", o.sel.Labels}, {"--zone", o.sel.Zone}, {"--service-version", o.sel.Version}, {"--instance", o.sel.Instance}, {"-n", o.sel.Namespace},
	} {
		if f.value != "" {
			words = append(words, f.flag, f.value)
		}
	}
	return words
}

func run(ctx context.Context, a *app.App, o *options, names []string) error {
	if err := errors.Join(o.probing.Check(), o.watching.Check()); err != nil {
		return err
	}
	limit, err := term.ParseSize(o.maxSize)
	switch {
	case err != nil:
		return app.Usagef("", "--max-size %v", err)
	case limit < 1000:
		return app.Usagef("", "--max-size %s: a recording needs more", o.maxSize)
	case o.duration < 0:
		return app.Usagef("durations look like 30s, 10m", "--duration %v: must not be negative", o.duration)
	}
	sel, err := o.sel.Compile(names)
	if err != nil {
		return err
	}
	o.probing.Explain = true
	s, err := a.Open(ctx, o.probing)
	if err != nil {
		return err
	}
	defer s.Close()
	start := a.Now()
	if o.to == "" {
		o.to = "midwatch-" + start.UTC().Format("20060102T150405Z") + record.Extension
	}
	h := line.Header{Version: a.Build.Version, Start: start, Interval: o.watching.Interval, Selection: o.words(names), Metrics: !o.bare}
	for _, f := range s.Fleets {
		h.Contexts = append(h.Contexts, f.Context)
	}
	w, err := record.Create(o.to, h, o.force)
	if err != nil {
		return &app.Error{Code: app.Usage, Err: err, Hint: record.HintOf(err)}
	}
	asking := app.Everything
	r := &recorder{app: a, session: s, writer: w, start: start, limit: limit, duration: o.duration, part: len(h.Selection) > 0}
	if !o.bare {
		asking |= app.Metrics
		s.Measures = wiring.Measure(s.Fleets, series.Options{Window: max(leastWindow, 3*o.watching.Interval)}, 0)
		r.pages = pages.From(s.Measures.Store, w)
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	why, err := r.record(watching, s.Apart(watching, sel, o.watching.Interval, asking))
	stop()
	if closed := w.Close(a.Now(), why); err == nil {
		err = closed
	}
	return r.end(a, o.to, s.MissingIn(sel), err)
}

// end says what was recorded, and how to play it.
func (r *recorder) end(a *app.App, file string, missing []app.Missing, err error) error {
	c := r.writer.Counts()
	if !a.IO.Quiet && c.Passes > 0 {
		samples := ""
		if c.Samples > 0 {
			samples = fmt.Sprintf(", %d samples of %d series", c.Samples, c.Series)
		}
		text := fmt.Sprintf("%s: %s over %s of %s in %s, %s%s, %s", file, counted(c.Passes), app.Count(r.counts.Instances, "instance"),
			app.Count(r.counts.Services, "service"), term.Duration(a.Now().Sub(r.start)), app.Count(c.Events, "event"), samples, term.Size(r.writer.Size()))
		if _, err := fmt.Fprintln(a.IO.Out, term.Clean(text)); err != nil {
			return err
		}
		fmt.Fprintln(a.IO.Err, term.Clean("hint: midwatch replay "+file+" -- check"))
	}
	for _, m := range missing {
		hint := ""
		if len(m.Suggestions) > 0 {
			hint = "did you mean " + strings.Join(m.Suggestions, " or ") + "?"
		}
		a.Complain("no such service: "+m.Name, hint)
	}
	switch {
	case err != nil:
		return err
	case c.Passes == 0:
		return &app.Error{Code: app.CannotSay, Err: errors.New("not one look at the fleet was finished: " + file + " holds no pass")}
	case len(missing) > 0:
		return app.End(app.CannotSay)
	}
	return nil
}

func counted(n int) string {
	if n == 1 {
		return "1 pass"
	}
	return fmt.Sprintf("%d passes", n)
}
