// Package replay is `midwatch replay`: what a recording holds, and what a
// command would have answered then.
package replay

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/play"
)

// Commands is the tree of commands, as far as replay needs it.
type Commands struct {
	// Find says which command a line means, by its path, and whether it goes on
	// until it is ended. The path is empty where there is no such command.
	Find func(args []string) (path string, goesOn bool)
	// Run runs one command line in this process, as if it had been typed, and
	// returns how it ended.
	Run func(ctx context.Context, args []string) error
}

type options struct {
	at    string
	speed string
}

const example = `  midwatch replay incident.jsonl.zst               what does it hold?
  midwatch replay incident.jsonl.zst -- check      how was everything, in the end?
  midwatch replay incident.jsonl.zst --at 2026-01-02T03:04:05Z -- breakers
  midwatch replay incident.jsonl.zst --at -30s -- check -o json
  midwatch replay incident.jsonl.zst --speed 10 -- check -w
  midwatch replay incident.jsonl.zst --speed max -- watch
  midwatch replay incident.jsonl.zst --speed max -- wait order --for up --stable-for 30s`

// New returns the command.
func New(a *app.App, c Commands) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "replay FILE [-- COMMAND...]", Short: "Ask a recording instead of the fleet", Example: example,
		Long: `replay runs a command that reads against a recording of midwatch record, in place of
registries and instances: it answers what it would have answered then, and its clock is
the recording's. Without a command it says what the recording holds.

A command that looks once sees the last pass, or the one at --at. One that goes on
(watch, wait, -w) sees one pass after the other, from the first or from --at on, as fast
as they came; --speed makes it faster, and --speed max waits for nothing.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch at := cmd.ArgsLenAtDash(); {
			case at < 0 && len(args) > 1:
				return app.Usagef("midwatch replay "+args[0]+" -- "+strings.Join(args[1:], " "), "a command to run stands behind --")
			case at >= 0 && at != 1:
				return app.Usagef("usage: "+cmd.UseLine(), "before -- stands one file")
			}
			if len(args) > 1 && cmd.Flags().Changed("output") {
				return app.Usagef("", "-o stands behind --, with the command")
			}
			return run(cmd.Context(), a, &o, c, args[0], globals(cmd), args[1:])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.at, "at", "", "`TIME` to look at, or to begin with: 03:04:05, RFC 3339, +5m from its beginning or -30s from its end")
	f.StringVar(&o.speed, "speed", "1", "how fast it is played: `N` times as it was, or max")
	a.Complete(cmd, "speed", "1", "10", "60", "max")
	a.NoComplete(cmd, "at")
	a.AddOutput(cmd, false)
	return cmd
}

// complete offers recordings, and then commands.
func complete(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return []string{"zst", "jsonl"}, cobra.ShellCompDirectiveFilterFileExt
	case 1:
		var words []string
		for _, path := range answered() {
			if !strings.Contains(path, " ") {
				words = append(words, path)
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// globals are the flags of all commands that were given before the command: it
// gets them too.
func globals(cmd *cobra.Command) (args []string) {
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+v)
			}
			return
		}
		args = append(args, "--"+f.Name+"="+f.Value.String())
	})
	return args
}

func run(ctx context.Context, a *app.App, o *options, c Commands, file string, globals, command []string) error {
	if _, err := parseSpeed(o.speed); err != nil {
		return err
	}
	path, goesOn := "", false
	if len(command) > 0 {
		path, goesOn = c.Find(command)
		if err := refused(path, command); err != nil {
			return err
		}
	}
	utc := a.Global.UTC || slices.Contains(globals, "--utc=true")
	t, err := load(a, o, file, path, goesOn, utc)
	if err != nil {
		return err
	}
	defer t.close()
	if len(command) == 0 {
		return show(a, t)
	}
	return t.play(ctx, a, path, func(ctx context.Context) error { return c.Run(ctx, append(globals, command...)) })
}

// In runs a command of its path that goes on with a recording in place of the
// fleet, from a moment on and so fast, as it is run behind the -- of replay.
func In(ctx context.Context, a *app.App, path, file, at, speed string, command func(context.Context) error) error {
	t, err := load(a, &options{at: at, speed: speed}, file, path, true, a.Global.UTC)
	if err != nil {
		return err
	}
	defer t.close()
	return t.play(ctx, a, path, command)
}

// load opens a recording at the moment that is asked for, and says what it lacks
// for a command.
func load(a *app.App, o *options, file, path string, goesOn, utc bool) (*tape, error) {
	speed, err := parseSpeed(o.speed)
	if err != nil {
		return nil, err
	}
	r, err := record.Open(file)
	if err != nil {
		return nil, wrong(err)
	}
	t := &tape{recording: r, speed: speed}
	if r.Cut != "" && !a.IO.Quiet {
		fmt.Fprintln(a.IO.Err, term.Clean("warning: "+file+" "+r.Cut))
	}
	switch {
	case r.Metrics:
	case path == "metrics":
		err = &app.Error{Code: app.CannotSay, Err: fmt.Errorf("%s holds no metrics of instances", file), Hint: "it was recorded with --no-metrics"}
	case path == "query" && !a.IO.Quiet:
		fmt.Fprintln(a.IO.Err, term.Clean("warning: "+file+" holds no metrics of instances, only what midwatch saw itself"))
	}
	zone := time.Local
	if utc {
		zone = time.UTC
	}
	if err == nil {
		err = t.stand(o.at, goesOn, zone)
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *tape) close() { _ = t.recording.Close() } // it was only read

// wrong gives an error about a recording its code and hint.
func wrong(err error) error {
	return &app.Error{Code: app.Usage, Err: err, Hint: record.HintOf(err)}
}

func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return play.Max, nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0, app.Usagef("", "--speed %q: want a number such as 1, 10, 0.5, or max", text)
	}
	return v, nil
}

// stand finds the moment that is asked for; goesOn says that the command begins
// there.
func (t *tape) stand(at string, goesOn bool, zone *time.Location) error {
	r := t.recording
	if r.Passes() == 0 {
		return &app.Error{Code: app.CannotSay, Err: fmt.Errorf("%s holds no pass", r.Name)}
	}
	first, last := r.Span()
	switch {
	case at == "" && goesOn:
		t.at, t.from = first, 0
		return nil
	case at == "":
		t.at, t.from = last, r.Passes()-1
		return nil
	}
	when, err := parseMoment(at, first, last, zone)
	if err != nil {
		return err
	}
	if when.Before(first) || when.After(last) {
		span := fmt.Sprintf("it is from %s to %s", first.Format(time.RFC3339), last.Format(time.RFC3339))
		return app.Usagef(span, "--at %s: the recording does not reach there", at)
	}
	t.at, t.from = when, r.Find(when)
	return nil
}

// parseMoment reads --at. A time of day is the first of those since the beginning.
func parseMoment(text string, first, last time.Time, zone *time.Location) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		switch text[0] {
		case '+':
			return first.Add(d), nil
		case '-':
			return last.Add(d), nil
		}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		clock, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		day := first.In(zone)
		t := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, zone)
		if t.Before(first.Truncate(time.Second)) {
			t = t.AddDate(0, 0, 1)
		}
		return latest(t, first), nil
	}
	return time.Time{}, app.Usagef("such as 03:04:05, 2026-01-02T03:04:05Z, +5m from its beginning, -30s from its end", "--at %q: no time", text)
}

// latest is the later of two times: who names a second means what is in it.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
