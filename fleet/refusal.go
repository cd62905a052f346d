package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Refusal is a breaker that refuses calls on some instances of a service.
type Refusal struct {
	Breaker           // of one of them: name, state, share
	On, Of  int       // of the instances that have it
	Since   time.Time // the first of them; zero where nobody says
	Hold    Hold      // where it is the same everywhere
}

// Refusals lists the breakers of a service that refuse calls, by name and state:
// those on most instances first.
func Refusals(instances []InstanceView) (all []Refusal) {
	have := map[string]int{}
	for i := range instances {
		for _, b := range instances[i].Breakers {
			if have[b.Name]++; !b.State.Refuses() {
				continue
			}
			at := slices.IndexFunc(all, func(r Refusal) bool { return r.Name == b.Name && r.State == b.State })
			if at < 0 {
				all, at = append(all, Refusal{Breaker: b, Since: b.Since, Hold: b.Hold}), len(all)
			}
			r := &all[at]
			r.On++
			if r.Since.IsZero() || !b.Since.IsZero() && b.Since.Before(r.Since) {
				r.Since = b.Since
			}
			if r.Hold.By != b.Hold.By || r.Hold.Reason != b.Hold.Reason {
				r.Hold = Hold{}
			}
		}
	}
	for i := range all {
		all[i].Of = have[all[i].Name]
	}
	slices.SortFunc(all, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.On, a.On), cmp.Compare(a.Name, b.Name), cmp.Compare(a.State, b.State))
	})
	return all
}

// Words is the refusal for people: "breaker payment open on 3 of 4 since
// 02:11:40 UTC". A day that is not now's is named.
func (r *Refusal) Words(now time.Time, zone *time.Location) string {
	text := fmt.Sprintf("%s on %d of %d", r.Refusing(), r.On, r.Of)
	if at := r.Since.In(zone); !r.Since.IsZero() {
		layout := "15:04:05 MST"
		if day := now.In(zone); at.YearDay() != day.YearDay() || at.Year() != day.Year() {
			layout = "2006-01-02 " + layout
		}
		text += " since " + at.Format(layout)
	}
	return text + r.Hold.Parenthesis()
}

// Refusing says that a breaker refuses, and how much: "breaker payment forced
// open for 30% of calls".
func (b *Breaker) Refusing() string {
	text := "breaker " + b.Name + " " + b.State.Words()
	if b.Share > 0 && b.Share < 1 {
		text += fmt.Sprintf(" for %.3g%% of calls", 100*b.Share)
	}
	return text
}

// Words is who holds it and why: oncall-1: "db move"; empty where nobody knows.
func (h Hold) Words() string {
	switch {
	case h.Reason == "":
		return h.By
	case h.By == "":
		return fmt.Sprintf("%q", h.Reason)
	}
	return fmt.Sprintf("%s: %q", h.By, h.Reason)
}

// Parenthesis is the hold behind what it explains: " (oncall-1)"; empty where
// nobody knows it.
func (h Hold) Parenthesis() string {
	if words := h.Words(); words != "" {
		return " (" + words + ")"
	}
	return ""
}
