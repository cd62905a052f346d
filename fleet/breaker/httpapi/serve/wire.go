package serve

import (
	"encoding/json"
	"errors"
	"math"
	"time"
)

// The documents of docs/breaker-api.md.

// breakerDoc is one breaker.
type breakerDoc struct {
	Breaker     string   `json:"breaker"`
	State       State    `json:"state"`
	Observed    State    `json:"observed"`
	Share       *float64 `json:"share,omitempty"`
	FailureRate *float64 `json:"failureRate"`
	SlowRate    *float64 `json:"slowRate"`
	Calls       *int64   `json:"calls"`
	Rejected    *int64   `json:"rejected"`
	Since       string   `json:"since,omitempty"`
	holdDoc
	Verbs []Verb `json:"verbs"`
}

// holdDoc is who put it there.
type holdDoc struct {
	HeldBy string `json:"heldBy,omitempty"`
	Reason string `json:"reason,omitempty"`
	Change string `json:"change,omitempty"`
	Until  string `json:"until,omitempty"`
}

// drainDoc is whether the service is in use.
type drainDoc struct {
	On       bool   `json:"on"`
	Text     string `json:"text"`
	InFlight *int64 `json:"inFlight"`
	holdDoc
	Effects []string `json:"effects,omitempty"`
}

// eventDoc is one event.
type eventDoc struct {
	At      string `json:"at"`
	Breaker string `json:"breaker"`
	Kind    string `json:"kind"`
	From    State  `json:"from,omitempty"`
	To      State  `json:"to,omitempty"`
	Text    string `json:"text,omitempty"`
}

// problemDoc is an error, as RFC 9457 has it.
type problemDoc struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// document is the breaker as it is answered.
func (v view) document() breakerDoc {
	d := breakerDoc{
		Breaker: v.name, State: word(v.State), Observed: word(v.observed), Since: stamp(v.Since), Verbs: v.verbs, holdDoc: v.hold.document(),
		FailureRate: rate(v.FailureRate), SlowRate: rate(v.SlowRate), Calls: count(v.Calls), Rejected: count(v.Rejected),
	}
	if v.hold != nil && v.hold.verb == Trip && v.hold.share > 0 {
		d.Share = &v.hold.share
	}
	return d
}

func (h *hold) document() holdDoc {
	if h == nil {
		return holdDoc{}
	}
	return holdDoc{HeldBy: h.by, Reason: h.reason, Change: h.change, Until: stamp(h.until)}
}

// word is a state that the contract knows.
func word(s State) State {
	switch s {
	case Closed, HalfOpen, Open, ForcedOpen, Disabled:
		return s
	case Unknown:
	}
	return Unknown
}

// rate is a share of calls; nil where it is not known.
func rate(r float64) *float64 {
	if !(r >= 0 && r <= 1) { // NaN too
		return nil
	}
	return &r
}

func count(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// stamp is a time as the contract writes it: RFC 3339, UTC.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// orderDoc is the body of a POST. What else it holds is ignored.
type orderDoc struct {
	Verb       Verb     `json:"verb"`
	On         *bool    `json:"on"`
	Share      *float64 `json:"share"`
	By         string   `json:"by"`
	Reason     string   `json:"reason"`
	Change     string   `json:"change"`
	TTLSeconds *float64 `json:"ttlSeconds"`
}

// maxTTL is the longest time after which an order may end by itself.
const maxTTL = 365 * 24 * time.Hour

// read reads a body into an order; its verb is not looked at.
func (d *orderDoc) read(body []byte) (order, error) {
	if err := json.Unmarshal(body, d); err != nil {
		return order{}, errors.New("the body is not the JSON object of an order")
	}
	o := order{verb: d.Verb, by: d.By, reason: d.Reason, change: d.Change}
	if d.Share != nil {
		if o.share = *d.Share; !(o.share > 0 && o.share <= 1) {
			return o, errors.New("share is above 0 and at most 1")
		}
		if o.share == 1 {
			o.share = 0 // all, as without it
		}
	}
	if d.TTLSeconds != nil {
		if !(*d.TTLSeconds > 0 && *d.TTLSeconds <= maxTTL.Seconds()) {
			return o, errors.New("ttlSeconds is above 0 and at most a year")
		}
		o.ttl = time.Duration(math.Ceil(*d.TTLSeconds * float64(time.Second)))
	}
	return o, nil
}
