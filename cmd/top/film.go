package top

import (
	"context"
	"sort"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/tui/tape"
)

// Replay runs a command with a recording in place of the fleet, from a moment on
// and so fast, as midwatch replay does.
type Replay func(ctx context.Context, file, at, speed string, command func(context.Context) error) error

// recording is the flags of a recording.
type recording struct{ file, at, speed string }

func (t *recording) add(cmd *cobra.Command, a *app.App) {
	f := cmd.Flags()
	f.StringVar(&t.file, "replay", "", "walk through a recording of midwatch record, a `FILE`, in place of the fleet")
	f.StringVar(&t.at, "at", "", "with --replay: the `TIME` to begin with: 03:04:05, RFC 3339, +5m from its beginning or -30s from its end")
	f.StringVar(&t.speed, "speed", "1", "with --replay: how fast it is played: `N` times as it was, or max")
	_ = cmd.MarkFlagFilename("replay", "zst", "jsonl") // the flag is there
	a.Complete(cmd, "speed", "1", "10", "60", "max")
	a.NoComplete(cmd, "at")
}

// check refuses what says nothing about a recording, or only about one.
func (t *recording) check(cmd *cobra.Command, a *app.App) error {
	recorded := a.Past != nil || t.file != ""
	for _, name := range []string{"at", "speed"} {
		switch given := cmd.Flags().Changed(name); {
		case given && a.Past != nil:
			return app.Usagef("midwatch replay --help", "--%s stands before --, with the recording", name)
		case given && !recorded:
			return app.Usagef("midwatch top --replay FILE", "--%s is about a recording, and none is named", name)
		}
	}
	switch {
	case t.file == "" && cmd.Flags().Changed("replay"):
		return app.Usagef("midwatch record writes recordings", "--replay names no file")
	case t.file != "" && a.Past != nil:
		return app.Usagef("", "a recording is played already: --replay names another")
	case recorded && cmd.Flags().Changed("write"):
		return app.Usagef("", "a recording cannot be changed: --write is about a fleet")
	case recorded && cmd.Flags().Changed("interval"):
		return app.Usagef("--speed says how fast they come", "a recording has the passes that it has: --interval cannot change them")
	}
	return nil
}

// walk is a recording as the dashboard plays it.
func walk(ctx context.Context, s *app.Session, sel *selection.Selection) (*film, <-chan *fleet.Snapshot) {
	w := app.Wanted{Asking: app.Everything | app.Metrics, Explain: true, Measures: s.Measures, Select: func(_ int, all []fleet.Service) []fleet.Service {
		chosen, _ := sel.Apply(all)
		return chosen
	}}
	f := s.Past().Play(ctx, w)
	return &film{f}, f.Feed
}

// film is the player that the dashboard is handed: a tape.Player.
type film struct{ app.Film }

// State is described at tape.Player.
func (f *film) State() tape.Playing {
	s := f.Player.State()
	first, last := f.Player.Span()
	return tape.Playing{
		First: first, Last: last, Now: s.Now, Pass: s.Pass + 1, Passes: s.Passes,
		Speed: s.Speed, Paused: s.Paused, Ended: s.Ended,
	}
}

// Happened is described at tape.Player.
func (f *film) Happened(until uint64, most int) []fleet.Event {
	all := f.Events()
	n := sort.Search(len(all), func(i int) bool { return number(&all[i]) > until })
	events := make([]fleet.Event, 0, min(n, most))
	for i := max(0, n-most); i < n; i++ {
		e := all[i].Event
		e.Seq = number(&all[i])
		events = append(events, e)
	}
	return events
}

// number is that of the snapshot an event appeared in.
func number(e *record.Event) uint64 { return uint64(e.Pass + 1) }

// Visit is described at tape.Player.
func (f *film) Visit(see func(*fleet.Event)) {
	all := f.Events()
	for i := range all {
		see(&all[i].Event)
	}
}

// Trail is described at tape.Player.
func (f *film) Trail(until uint64) []*fleet.Snapshot { return f.Film.Trail(until) }
