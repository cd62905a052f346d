package top

import (
	"context"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/fleet/sweep"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/outside"
)

// world is what is around the dashboard.
func world(a *app.App) outside.World {
	return outside.World{Getenv: a.Getenv, Browse: opener(a.Getenv), Alone: alone, Raw: raw}
}

// live is the feed of the present, and what a person can do to it: read now, also
// registries that wait after a failure, and read so often.
func live(ctx context.Context, s *app.Session, sel *selection.Selection, every time.Duration) (tui.Hands, <-chan *fleet.Snapshot) {
	pace := sweep.NewPace(every)
	return tui.Hands{
		Refresh: func() {
			for _, f := range s.Fleets {
				f.Keeper().Hurry()
			}
			pace.Now()
		},
		Interval: pace.Every,
	}, s.Paced(ctx, sel, pace, app.Everything|app.Metrics)
}
