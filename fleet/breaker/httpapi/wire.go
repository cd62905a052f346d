package httpapi

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/web"
)

// The documents of docs/breaker-api.md, as a reader sees them: what it does not
// know is ignored, what is missing is not known.

type breakerDoc struct {
	Breaker     string   `json:"breaker"`
	State       string   `json:"state"`
	Observed    string   `json:"observed"`
	Share       *float64 `json:"share"`
	FailureRate *float64 `json:"failureRate"`
	SlowRate    *float64 `json:"slowRate"`
	Calls       *int64   `json:"calls"`
	Rejected    *int64   `json:"rejected"`
	Since       string   `json:"since"`
	holdDoc
	Verbs []fleet.Verb `json:"verbs"`
}

type holdDoc struct {
	HeldBy string `json:"heldBy"`
	Reason string `json:"reason"`
	Change string `json:"change"`
	Until  string `json:"until"`
}

type drainDoc struct {
	On       *bool  `json:"on"`
	Text     string `json:"text"`
	InFlight *int   `json:"inFlight"`
	holdDoc
	Effects []string `json:"effects"`
}

type eventDoc struct {
	At      string `json:"at"`
	Breaker string `json:"breaker"`
	Kind    string `json:"kind"`
	From    string `json:"from"`
	To      string `json:"to"`
	Text    string `json:"text"`
}

// orderDoc is the body of a POST.
type orderDoc struct {
	Verb       fleet.Verb `json:"verb,omitempty"`
	On         *bool      `json:"on,omitempty"`
	Share      *float64   `json:"share,omitempty"`
	By         string     `json:"by,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Change     string     `json:"change,omitempty"`
	TTLSeconds float64    `json:"ttlSeconds,omitempty"`
}

func writeOrder(o fleet.Order) *orderDoc {
	d := &orderDoc{Verb: o.Verb, By: o.By, Reason: o.Reason, Change: o.Change, TTLSeconds: o.TTL.Seconds()}
	if o.Verb == fleet.Trip && o.Share > 0 && o.Share < 1 {
		d.Share = &o.Share
	}
	return d
}

// readList reads the answer to a question for all breakers.
func readList(a *web.Answer) ([]fleet.Breaker, error) {
	var doc struct {
		Breakers *[]breakerDoc `json:"breakers"`
	}
	if err := a.Read(&doc); err != nil {
		return nil, err
	}
	if doc.Breakers == nil {
		return nil, a.Unreadable(`it has no "breakers"`)
	}
	list := make([]fleet.Breaker, 0, len(*doc.Breakers))
	for i := range *doc.Breakers {
		b := (*doc.Breakers)[i].breaker()
		if b.Name == "" {
			return nil, a.Unreadable("a breaker in it has no name")
		}
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b fleet.Breaker) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(list); i++ {
		if list[i].Name == list[i-1].Name {
			return nil, a.Unreadable(fmt.Sprintf("breaker %q is in it twice", list[i].Name))
		}
	}
	return list, nil
}

// readOne reads the answer to a question for the breaker of a name.
func readOne(a *web.Answer, name string) (fleet.Breaker, error) {
	var doc breakerDoc
	if err := a.Read(&doc); err != nil {
		return fleet.Breaker{}, err
	}
	if doc.Breaker != name {
		return fleet.Breaker{}, a.Unreadable(fmt.Sprintf("it is not breaker %q", name))
	}
	return doc.breaker(), nil
}

func (d *breakerDoc) breaker() fleet.Breaker {
	b := fleet.NewBreaker(d.Breaker, fleet.BreakerUnknown)
	b.API = Name
	b.State, b.Word = state(d.State)
	b.Observed, _ = state(d.Observed)
	b.FailureRate, b.SlowRate = rate(d.FailureRate), rate(d.SlowRate)
	b.Calls, b.Rejected = count(d.Calls), count(d.Rejected)
	b.Since, b.Hold = moment(d.Since), d.hold()
	if share := rate(d.Share); share > 0 && share < 1 && b.State == fleet.BreakerForcedOpen {
		b.Share = share
	}
	for _, v := range d.Verbs { // those that we do not know are no orders of ours
		if slices.Contains(fleet.Verbs(), v) && !slices.Contains(b.Verbs, v) {
			b.Verbs = append(b.Verbs, v)
		}
	}
	if d.Verbs != nil && b.Verbs == nil {
		b.Verbs = []fleet.Verb{} // nothing can be ordered, which is not the same as nothing said
	}
	return b
}

// state reads a state's word, and keeps one that is none of ours.
func state(text string) (fleet.BreakerState, string) {
	s, err := fleet.ParseBreakerState(text)
	if err != nil {
		return s, text
	}
	return s, ""
}

func (h *holdDoc) hold() fleet.Hold {
	return fleet.Hold{By: h.HeldBy, Reason: h.Reason, Change: h.Change, Until: moment(h.Until)}
}

// rate is a share of calls; NaN where none is said, or one that cannot be.
func rate(r *float64) float64 {
	if r == nil || *r < 0 || *r > 1 {
		return math.NaN()
	}
	return *r
}

// count is a number of calls; -1 where none is said.
func count(n *int64) int64 {
	if n == nil {
		return -1
	}
	return max(*n, -1)
}

// moment reads a time; zero where there is none that can be read.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// drained is the drain of an instance, and what it says a drain does besides.
type drained struct {
	state   breaker.DrainState
	effects []string
}

// readDrain reads the answer to a question for the drain, or to its order.
func readDrain(a *web.Answer) (drained, error) {
	var doc drainDoc
	if err := a.Read(&doc); err != nil {
		return drained{}, err
	}
	if doc.On == nil {
		return drained{}, a.Unreadable(`it has no "on"`)
	}
	d := drained{breaker.DrainState{On: *doc.On, Text: doc.Text, InFlight: -1, Hold: doc.hold()}, doc.Effects}
	if doc.InFlight != nil {
		d.state.InFlight = max(*doc.InFlight, -1)
	}
	if d.state.Text == "" {
		d.state.Text = "ready"
		if d.state.On {
			d.state.Text = "draining"
		}
	}
	return d, nil
}

// readEvents reads the answer to a question for events; those without a time
// are left out.
func readEvents(a *web.Answer) ([]breaker.Event, error) {
	var doc struct {
		Events *[]eventDoc `json:"events"`
	}
	if err := a.Read(&doc); err != nil {
		return nil, err
	}
	if doc.Events == nil {
		return nil, a.Unreadable(`it has no "events"`)
	}
	var list []breaker.Event
	for _, d := range *doc.Events {
		e := breaker.Event{At: moment(d.At), Breaker: d.Breaker, Kind: d.Kind, Text: d.Text}
		e.From, _ = state(d.From)
		e.To, _ = state(d.To)
		if !e.At.IsZero() {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b breaker.Event) int { return a.At.Compare(b.At) })
	return list, nil
}
