package measure

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Reading is what was read before an answer.
type Reading struct {
	app.Reading               // of the last pass; without a snapshot where none was read
	At          time.Time     // what an answer is about
	Gathered    time.Duration // from the first pass to the last
	Passes      int

	missed map[fleet.Key]fleet.Scrape // of instances that once could not be read
	pages  bool                       // pages of metrics were read
	seen   bool                       // only what passes see was
	server string
	start  time.Time
}

// Since is the time from the beginning of the first pass to the moment that an
// answer is about, and a little more: all that was gathered is younger, also where
// both ends are cut to milliseconds.
func (r *Reading) Since() time.Duration { return r.At.Sub(r.start) + 2*time.Millisecond }

// Empty says that nothing was selected of what the registries hold.
func (r *Reading) Empty() bool { return r.Snapshot != nil && len(r.Snapshot.Services) == 0 }

// From says in a few words what was read: how many of how many instances, and
// over how long.
func (r *Reading) From() string {
	text := ""
	switch {
	case r.pages:
		read, all := 0, 0
		for in := range instances(r.Snapshot) {
			all++
			if in.Scrape.Why.Reason == "" && !in.Scrape.At.IsZero() {
				read++
			}
		}
		text = fmt.Sprintf(", read from %d of %s", read, app.Count(all, "instance"))
	case r.seen:
		text = ", seen of " + app.Count(r.Snapshot.Counts().Instances, "instance")
	default:
		text = ", answered by " + r.server
	}
	if r.Gathered > 0 {
		text += " over " + term.Duration(r.Gathered.Round(100*time.Millisecond))
	}
	return text
}

// instances walks the instances of a snapshot.
func instances(s *fleet.Snapshot) func(yield func(*fleet.InstanceView) bool) {
	return func(yield func(*fleet.InstanceView) bool) {
		for i := range s.Services {
			for j := range s.Services[i].Instances {
				if !yield(&s.Services[i].Instances[j]) {
					return
				}
			}
		}
	}
}

// Silent says that an instance has no metrics to read: it has no address, or has
// no page at the usual places, and nobody says where one is. That is known of
// it, and no failure.
func Silent(in *fleet.InstanceView) bool {
	return in.Plan.Metrics == nil || in.Scrape.Why.Reason == probe.ReasonNotFound && !in.Plan.Metrics.Named
}

// Missed is how an earlier reading of an instance failed that the last pass could
// read.
func (r *Reading) Missed(in *fleet.InstanceView) (fleet.Scrape, bool) {
	s, ok := r.missed[in.Key]
	return s, ok && in.Scrape.Why.Reason == ""
}

// Doubts are what an answer may lack.
type Doubts struct {
	reading *Reading
	unread  []*fleet.InstanceView
}

// Doubts finds what could not be read. An answer that is about what midwatch sees
// itself lacks nothing of what instances did not say.
func (r *Reading) Doubts(own bool) Doubts {
	d := Doubts{reading: r}
	if !r.pages || own {
		return d
	}
	for in := range instances(r.Snapshot) {
		if in.Scrape.Why.Reason != "" && !Silent(in) {
			d.unread = append(d.unread, in)
		}
	}
	return d
}

// Code is how a command with such an answer ends.
func (d Doubts) Code() app.Code {
	r := d.reading
	if r.Snapshot == nil {
		return app.OK
	}
	if len(d.unread) > 0 || len(r.Missing) > 0 || len(r.Snapshot.Services) == 0 {
		return app.CannotSay
	}
	for i := range r.Snapshot.Sources {
		if r.Snapshot.Sources[i].Reason != "" {
			return app.CannotSay
		}
	}
	return app.OK
}

// Tell says on standard error what could not be read, the first instance of each
// service and reason for all.
func (d Doubts) Tell(a *app.App) {
	if d.reading.Snapshot == nil {
		return
	}
	_ = a.Listed(d.reading.Reading) // its code is part of ours
	type trouble struct {
		ref    fleet.Ref
		reason fleet.Reason
	}
	with := map[trouble]int{}
	for _, in := range d.unread {
		with[trouble{in.Key.Ref, in.Scrape.Why.Reason}]++
	}
	for _, in := range d.unread {
		t := trouble{in.Key.Ref, in.Scrape.Why.Reason}
		n := with[t]
		if n == 0 {
			continue // it was told with the first of its service
		}
		with[t] = 0
		others := ""
		if n > 1 {
			others = " and " + app.Count(n-1, "more instance")
		}
		a.Complain("metrics of "+in.Key.String()+others+" could not be read: "+in.Scrape.Why.Detail, in.Scrape.Hint)
	}
}

// Wrapped breaks lines that are wider than the terminal at blanks, so that no word
// is torn; what follows is indented. Empty lines are left out. Off a terminal
// nothing is broken.
func Wrapped(a *app.App, lines ...string) (out []string) {
	for _, line := range lines {
		if line == "" {
			continue
		}
		rest, room := line, a.IO.Width()
		for a.IO.OutTTY && runewidth.StringWidth(rest) > room {
			head := runewidth.Truncate(rest, room+1, "")
			at := strings.LastIndexByte(head, ' ')
			if at <= indented(rest) {
				break // one long word
			}
			out = append(out, rest[:at])
			rest = strings.Repeat(" ", indented(line)+2) + strings.TrimLeft(rest[at:], " ")
		}
		out = append(out, rest)
	}
	return out
}

// indented is how many blanks a line begins with.
func indented(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
