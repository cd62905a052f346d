package collect

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
	"github.com/midwatch-cli/midwatch/probe"
)

// group is the instances that have their pages at the same place: those of one
// version of a service.
type group struct {
	ref     fleet.Ref
	version string
}

// place is an address without its instance.
type place struct {
	at   int    // in Exposition.URLs, where two have the same path
	path string // empty: not known
}

func placeOf(address string, at int) place {
	u, err := url.Parse(address)
	if err != nil {
		return place{at, address}
	}
	return place{at, u.RequestURI()}
}

// in finds the place among the addresses of an instance.
func (p place) in(urls []string) string {
	if p.path == "" {
		return ""
	}
	if p.at < len(urls) && placeOf(urls[p.at], p.at) == p {
		return urls[p.at]
	}
	for _, u := range urls {
		if placeOf(u, p.at) == p {
			return u
		}
	}
	return ""
}

// maxScouts is how many instances of a service are tried, one after another,
// before all guess for themselves.
const maxScouts = 3

// service is what is known of where a group has its pages.
type service struct {
	mu     sync.Mutex
	place  place
	none   error         // what scouts were told, in this pass: there is no page
	denied int           // so many scouts were told so, in this pass
	sure   bool          // once all were: one is enough from then on
	out    chan struct{} // closed when the scout is back; nil: none is out
	scouts int

	native, nativeKnown bool // there are histograms that only the protobuf form has
}

func (v *service) wantsNative() (wants, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.native, v.nativeKnown
}

func (v *service) foundNative(yes bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.native, v.nativeKnown = v.native || yes, true
}

// askAgain lets the next pass look again where no page was found.
func (v *service) askAgain() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.none, v.scouts, v.denied = nil, 0, 0
}

// known says where the pages are, or that there are none. If nobody knows, one
// instance is the scout, and the others wait for it.
func (v *service) known(ctx context.Context) (p place, none error, scout bool) {
	for {
		v.mu.Lock()
		out := v.out
		switch {
		case v.place.path != "" || v.none != nil:
			p, none = v.place, v.none
			v.mu.Unlock()
			return p, none, false
		case out == nil && v.scouts >= maxScouts:
			v.mu.Unlock()
			return place{}, nil, false
		case out == nil:
			v.out = make(chan struct{})
			v.scouts++
			v.mu.Unlock()
			return place{}, nil, true
		}
		v.mu.Unlock()
		select {
		case <-out:
		case <-ctx.Done():
			return place{}, nil, false
		}
	}
}

// back is called by the scout: it found a place, or that there is none, or
// neither, as one that is down does. One instance without a page, as one that
// has just been started may be, says nothing of the others.
func (v *service) back(p place, none error, slow bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.place = p
	if none != nil {
		if v.denied++; v.sure || v.denied >= maxScouts {
			v.none, v.sure = none, true
		}
	}
	if slow {
		v.scouts = maxScouts // the others cannot wait for another like that
	}
	close(v.out)
	v.out = nil
}

// read finds the page and reads it. Beside an error it says whether there is no
// page at all.
func (r *reading) read(ctx context.Context) (result fleet.Scrape, nowhere bool, err error) {
	if r.page.Named && len(r.page.URLs) == 1 {
		result, err = r.ask(ctx, r.page.URLs[0])
		return result, false, err
	}
	first := r.s.place.in(r.page.URLs)
	if first == "" {
		p, none, scout := r.of.known(ctx)
		if none != nil {
			return fleet.Scrape{}, true, none
		}
		if scout {
			return r.scout(ctx)
		}
		first = p.in(r.page.URLs)
	}
	if first != "" {
		if result, err = r.ask(ctx, first); err == nil || !isElsewhere(err) {
			return result, false, err
		}
	}
	result, p, nowhere, err := r.guess(ctx)
	r.s.place = p
	return result, nowhere && first == "", err
}

// scout guesses, and tells the others.
func (r *reading) scout(ctx context.Context) (fleet.Scrape, bool, error) {
	result, p, nowhere, err := r.guess(ctx)
	var none error
	if nowhere {
		none = err
	}
	r.of.back(p, none, ctx.Err() != nil)
	return result, nowhere, err
}

// isElsewhere says whether an answer shows that the page is not there, and may be
// somewhere else.
func isElsewhere(err error) bool {
	return weight(err) <= otherwise
}

// guess asks all addresses until one has a page. One that nobody answers at is
// not asked at another path.
func (r *reading) guess(ctx context.Context) (result fleet.Scrape, found place, nowhere bool, err error) {
	r.guessing = true
	var failures []failure
	silent := map[string]bool{}
	nowhere = true
	for i, address := range r.page.URLs {
		u, err := url.Parse(address)
		if err != nil || silent[u.Host] || ctx.Err() != nil {
			continue
		}
		result, err := r.ask(ctx, address)
		if err == nil {
			return result, placeOf(address, i), false, nil
		}
		f := failure{result, u.RequestURI(), err, weight(err)}
		failures = append(failures, f)
		silent[u.Host] = f.weight == unanswered
		nowhere = nowhere && f.weight <= otherwise
	}
	if len(failures) == 0 {
		err := ctx.Err()
		if err == nil {
			err = &fleet.Error{Reason: probe.ReasonNotFound, Detail: "nobody says where its page of metrics is", Hint: hintName, Err: fleet.ErrNotFound}
		}
		return fleet.Scrape{}, place{}, err == nil, err
	}
	worst := failures[0]
	for _, f := range failures {
		if f.weight > worst.weight {
			worst = f
		}
	}
	return worst.result, place{}, nowhere, said(worst, failures)
}

// failure is one address that has no page.
type failure struct {
	result fleet.Scrape
	path   string
	err    error
	weight int
}

// What of several failures is told, the last first.
const (
	absent = iota
	otherwise
	ill
	denied
	unanswered
)

func weight(err error) int {
	switch reason, _ := fleet.ReasonOf(err); reason {
	case probe.ReasonNotFound:
		return absent
	case probe.ReasonPage, probe.ReasonRedirect:
		return otherwise
	case probe.ReasonBody, probe.ReasonStatus, probe.ReasonLimited, probe.ReasonGateway:
		if errors.Is(err, exposition.ErrOther) {
			return otherwise
		}
		return ill
	case probe.ReasonAuth:
		return denied
	}
	return unanswered
}

const hintName = "if it has one, name it: metrics.path in its profile, or the metadata metrics_path"

// said words what was found at several addresses.
func said(worst failure, all []failure) error {
	if worst.weight == absent {
		var paths []string
		code := "404"
		for _, f := range all {
			paths = append(paths, f.path)
			if !errors.Is(f.err, fleet.ErrNotFound) {
				code = "no page"
			}
		}
		return &fleet.Error{
			Reason: probe.ReasonNotFound, Detail: fmt.Sprintf("%s at %s", code, strings.Join(paths, ", ")),
			Hint: hintName, Err: worst.err,
		}
	}
	reason, text := fleet.ReasonOf(worst.err)
	hint := fleet.HintOf(worst.err)
	if hint == "" && worst.weight == otherwise {
		hint = hintName
	}
	return &fleet.Error{Reason: reason, Detail: text, Hint: hint, Err: worst.err}
}
