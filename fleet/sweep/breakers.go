package sweep

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/judge"
	"github.com/midwatch-cli/midwatch/probe"
)

// Reader is how a Sweeper reads breakers. The zero Reader reads none.
type Reader struct {
	Admin func(fleet.Administration) (breaker.Admin, error) // what reads them; nil: they are not read
	Time  time.Duration                                     // bound on reading those of one instance; 0: none of its own
	Only  bool                                              // nothing else is asked: no probes
}

// place is what makes two readings of breakers the same one. Behind a gateway
// instances differ by name and address alone.
type place struct {
	by      fleet.Administration
	service string
	address string
}

// list is the one answer to equal readings.
type list struct {
	ready    chan struct{}
	breakers []fleet.Breaker
	err      error
}

// breakers plans the reading of an instance's breakers, and returns its job; ok
// is false where there is nothing to read.
func (p *pass) breakers(g *group, in *fleet.Instance, e *judge.Evidence) (job probe.Job, ok bool) {
	by := e.Plan.Admin
	if by == nil || p.sweeper.Breakers.Admin == nil {
		return job, false
	}
	if by.Refused != "" {
		e.BreakersWhy = fleet.Why{Reason: probe.ReasonPolicy, Detail: by.Refused}
		return job, false
	}
	e.BreakersWhy = fleet.Why{Reason: fleet.ReasonUnasked, Detail: "time ran out before they were read"}
	at := breaker.Site{Key: fleet.Key{Ref: g.ref, Instance: in.ID}, Addr: in.Addr, Base: by.Base}
	if p.sweeper.Breakers.Only {
		p.total++
	}
	return probe.Job{Group: g.name, Host: hostOfBase(by.Base), Do: func(ctx context.Context) []probe.Job {
		if p.sweeper.Breakers.Only {
			defer p.finished()
		}
		found, err := p.listOnce(ctx, *by, at)
		e.Breakers, e.BreakersWhy = found, fleet.Why{}
		switch {
		case err == nil:
		case over(ctx):
			e.BreakersWhy = fleet.Why{Reason: fleet.ReasonUnasked, Detail: "time ran out before they were read"}
		default:
			e.BreakersWhy.Reason, e.BreakersWhy.Detail = fleet.ReasonOf(err)
			e.BreakersHint = fleet.HintOf(err)
		}
		return nil
	}}, true
}

// listOnce reads breakers, or waits for the answer of somebody who reads the
// same.
func (p *pass) listOnce(ctx context.Context, by fleet.Administration, at breaker.Site) ([]fleet.Breaker, error) {
	key := place{by, at.Key.Name, at.Addr}
	p.mu.Lock()
	l, again := p.listed[key]
	if !again {
		l = &list{ready: make(chan struct{})}
		if p.listed == nil {
			p.listed = map[place]*list{}
		}
		p.listed[key] = l
	}
	p.mu.Unlock()
	if again {
		select {
		case <-l.ready:
			return l.breakers, l.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer close(l.ready)
	admin, err := p.sweeper.Breakers.Admin(by)
	if err != nil {
		l.err = err
		return nil, err
	}
	if bound := p.sweeper.Breakers.Time; bound > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, bound)
		defer stop()
	}
	l.breakers, l.err = admin.List(ctx, at)
	for i := range l.breakers {
		b := &l.breakers[i]
		if b.API = cmp.Or(b.API, by.API); b.Verbs == nil {
			b.Verbs = admin.Verbs()
		}
	}
	return l.breakers, l.err
}

// hostOfBase is the address of a base that the limit per host counts: without
// scheme, port and path; of a socket its path.
func hostOfBase(base string) string {
	scheme, rest, _ := strings.Cut(base, "://")
	if scheme == "unix" {
		return rest
	}
	rest, _, _ = strings.Cut(rest, "/")
	if end := strings.LastIndexByte(rest, ':'); end > strings.LastIndexByte(rest, ']') {
		rest = rest[:end]
	}
	return rest
}
