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
func (s *Session) recorded(ctx context.Context, collect time.Duration, ask func(Reading) (show func() error, err error)) error {
	asking := s.Needs.Asking | app.Seen
	if s.Needs.Pages {
		asking = s.Needs.Asking | app.Metrics
	}
	if !s.look.Watching.Watch {
		read, err := s.session.Pass(ctx, s.sel, asking, nil)
		if err != nil {
			return err
		}
		show, err := ask(s.past(read, collect))
		if err != nil {
			return err
		}
		return show()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	snaps := s.session.Watch(ctx, s.sel, s.look.Watching.Interval, asking)
	var end error
	for {
		select {
		case snap, ok := <-snaps:
			if !ok {
				return end
			}
			show, err := ask(s.past(app.Reading{Snapshot: snap, Missing: s.session.MissingIn(s.sel)}, collect))
			if err != nil {
				return err
			}
			if s.app.IO.OutTTY && !s.app.IO.Quiet {
				fmt.Fprint(s.app.IO.Out, term.Redraw)
			}
			end = show()
		case <-s.app.IO.Gone():
			return end
		}
	}
}

// past is a reading of a recording.
func (s *Session) past(read app.Reading, collect time.Duration) Reading {
	if collect == 0 {
		collect = s.session.Measures.Window
	}
	r := Reading{Reading: read, At: s.app.Now(), pages: s.Needs.Pages, seen: !s.Needs.Pages}
	s.note(&r)
	var began time.Time
	r.start, began, r.Passes = s.session.Past().Gathered(collect)
	r.Gathered = read.Snapshot.At.Sub(began)
	return r
}
