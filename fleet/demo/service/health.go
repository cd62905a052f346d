package service

import (
	"context"
	"net/http"
	"time"
)

// The words of a health page, as Spring Boot writes them.
const (
	up       = "UP"
	down     = "DOWN"
	draining = "DRAINING" // not Spring's, but everybody's
)

// page is a health page.
type page struct {
	Status     string               `json:"status"`
	Components map[string]component `json:"components"`
}

// component is one thing a service needs.
type component struct {
	Status  string         `json:"status"`
	Details map[string]any `json:"details,omitempty"`
}

// health answers GET /health: 503 and DOWN while more than 20% of the last ten
// seconds' calls failed, or while its own database does not answer. A
// dependency out of reach is a component that is DOWN and nothing more: the
// service itself can still be asked. While it is taken out of use the page says
// that and nothing else.
func (in *Instance) health(w http.ResponseWriter, r *http.Request) {
	if in.cond.wait(r.Context()) != nil {
		return
	}
	p := in.page(r.Context())
	code := http.StatusOK
	if p.Status != up {
		code = http.StatusServiceUnavailable
	}
	reply(w, code, p)
}

// page judges the instance by itself.
func (in *Instance) page(ctx context.Context) page {
	p := page{Status: up, Components: map[string]component{}}
	total, failed := in.calls.count()
	requests := component{up, map[string]any{"calls": total, "failed": failed, "seconds": windowLength.Seconds()}}
	if in.calls.failing() {
		requests.Status, p.Status = down, down
	}
	p.Components["requests"] = requests
	if in.store != nil {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		db := component{Status: up}
		if in.store.ping(ctx) != nil {
			db.Status, p.Status = down, down
		}
		p.Components["db"] = db
	}
	for name, c := range in.callers {
		ok, known := c.reached()
		details := map[string]any{"breaker": string(c.guard.State())}
		switch {
		case !known:
		case ok:
			p.Components[name] = component{up, details}
		default:
			p.Components[name] = component{down, details}
		}
	}
	if in.Draining() {
		p.Status = draining
	}
	return p
}
