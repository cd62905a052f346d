package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

// recorded is Run over a recording: what would have been gathered by then was,
// over a time that is as long; where none is asked for, over all that is kept.
// With -w there is an answer after each of its passes.
func (s *Session) recorded(ctx context.Context, collect time.Duration, show func(Reading) error) error {
	if !s.look.Watching.Watch {
		read, err := s.session.Pass(ctx, s.sel, s.Asking|app.Metrics, nil)
		if err != nil {
			return err
		}
		return show(s.past(read, collect))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	snaps := s.session.Watch(ctx, s.sel, s.look.Watching.Interval, s.Asking|app.Metrics)
	var last error
	for {
		select {
		case snap, ok := <-snaps:
			if !ok {
				return last
			}
			if s.app.IO.OutTTY && !s.app.IO.Quiet {
				fmt.Fprint(s.app.IO.Out, term.Redraw)
			}
			last = show(s.past(app.Reading{Snapshot: snap, Missing: s.session.MissingIn(s.sel)}, collect))
		case <-s.app.IO.Gone():
			return last
		}
	}
}

// past is a reading of a recording.
func (s *Session) past(read app.Reading, collect time.Duration) Reading {
	if collect == 0 {
		collect = s.session.Measures.Window
	}
	r := Reading{Reading: read, At: s.app.Now()}
	var began time.Time
	r.start, began, r.Passes = s.session.Past().Gathered(collect)
	r.Gathered = read.Snapshot.At.Sub(began)
	return r
}
