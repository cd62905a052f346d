package tui

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/breakers"
	"github.com/midwatch-cli/midwatch/tui/page/changes"
	"github.com/midwatch-cli/midwatch/tui/page/events"
	fleetpage "github.com/midwatch-cli/midwatch/tui/page/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/service"
	"github.com/midwatch-cli/midwatch/tui/page/servicemap"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
)

// pageOf makes the page of a place; nil where there is none of the kind.
func pageOf(to page.Place) page.Page {
	switch to.Kind {
	case page.Fleet:
		return fleetpage.New()
	case page.Service:
		return service.New(to.Key.Ref)
	case page.Instance:
		return instance.New(to.Key)
	case page.Breakers:
		return breakers.New()
	case page.Events:
		return events.New()
	case page.Sources:
		return sources.New()
	case page.Changes:
		return changes.New()
	case page.Map:
		return servicemap.New(to.Key.Ref)
	case page.Change:
		return changes.NewOne(to.Item)
	}
	return nil
}

// open goes to a place.
func (a *App) open(to page.Place) { a.trail.Open(to) }

// travel goes back and forward, as a browser does.
func (a *App) travel(by int) {
	if !a.trail.Travel(by) {
		a.note = "nothing is further " + either(by < 0, "back", "forward")
	}
}

// back leaves a filter first, then the page.
func (a *App) back() {
	if f, ok := a.top().(page.Filtered); ok && f.Filter() != "" {
		_ = f.SetFilter("") // an empty one is always understood
		return
	}
	a.trail.Up()
}

// unsee makes pages anew that are about what is not there in a snapshot of before:
// they show what is gone as it was last seen, and that was later.
func (a *App) unsee(s *fleet.Snapshot) {
	a.trail.Renew(func(to page.Place) bool {
		return to.Kind == page.Service && page.FindService(s, to.Key.Ref) == nil || to.Kind == page.Instance && page.FindInstance(s, to.Key) == nil
	})
}
