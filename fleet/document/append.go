package document

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// A fleet has thousands of instances, and encoding/json takes longer over one
// than asking it took. So these are written by hand: the fields in the order of
// the types, as encoding/json writes them without escaping for HTML. A test
// holds the two against each other over random fleets, which finds a field that
// was added to a type and not here.

// AppendJSON appends the item as JSON, which every printer of items prefers to
// encoding it.
func (in *Instance) AppendJSON(b []byte) []byte {
	b = in.Ref.appendFields(append(b, '{'))
	b = appendText(append(b, `,"instance":`...), in.Instance)
	b = appendText(append(b, `,"address":`...), in.Address)
	b = appendText(append(b, `,"zone":`...), in.Zone)
	b = appendText(append(b, `,"version":`...), in.Version)
	b = strconv.AppendInt(append(b, `,"weight":`...), int64(in.Weight), 10)
	b = appendText(append(b, `,"status":`...), string(in.Status))
	b = append(b, `,"claimed":`...)
	if in.Claimed == nil {
		b = append(b, "null"...)
	} else {
		b = appendText(b, string(*in.Claimed))
	}
	b = appendText(append(b, `,"claimNote":`...), in.ClaimNote)
	b = in.Why.appendJSON(append(b, `,"why":`...))
	b = appendList(append(b, `,"probes":`...), in.Probes, (*Probe).appendJSON)
	b = strconv.AppendInt(append(b, `,"attempts":`...), int64(in.Attempts), 10)
	b = strconv.AppendBool(append(b, `,"flaky":`...), in.Flaky)
	b = appendText(append(b, `,"profile":`...), in.Profile)
	b = appendList(append(b, `,"plan":`...), in.Plan, (*Origin).appendJSON)
	b = appendPairs(append(b, `,"labels":`...), in.Labels)
	b = appendPairs(append(b, `,"endpoints":`...), in.Endpoints)
	b = in.LastSeen.appendJSON(append(b, `,"lastSeen":`...))
	b = append(b, `,"leaseSeconds":`...)
	if in.LeaseSeconds == nil {
		b = append(b, "null"...)
	} else {
		b = in.LeaseSeconds.appendJSON(b)
	}
	b = appendList(append(b, `,"breakers":`...), in.Breakers, (*BreakerInfo).appendJSON)
	b = in.BreakersWhy.appendJSON(append(b, `,"breakersWhy":`...))
	return append(b, '}')
}

// appendJSON leaves breakers, of which there are few, to encoding/json.
func (i *BreakerInfo) appendJSON(b []byte) []byte { return appendAny(b, i) }

func (r *Ref) appendFields(b []byte) []byte {
	b = appendText(append(b, `"context":`...), r.Context)
	b = appendText(append(b, `,"source":`...), r.Source)
	b = appendText(append(b, `,"namespace":`...), r.Namespace)
	return appendText(append(b, `,"service":`...), r.Service)
}

func (w *Why) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"reason":`...), w.Reason)
	b = appendText(append(b, `,"detail":`...), w.Detail)
	return append(b, '}')
}

func (o *Origin) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"what":`...), o.What)
	b = appendText(append(b, `,"value":`...), o.Value)
	b = appendText(append(b, `,"from":`...), o.From)
	return append(b, '}')
}

func (p *Probe) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"kind":`...), p.Kind)
	b = appendText(append(b, `,"target":`...), p.Target)
	b = appendText(append(b, `,"outcome":`...), string(p.Outcome))
	b = appendText(append(b, `,"reason":`...), p.Reason)
	b = appendText(append(b, `,"detail":`...), p.Detail)
	b = strconv.AppendInt(append(b, `,"code":`...), int64(p.Code), 10)
	b = p.At.appendJSON(append(b, `,"at":`...))
	b = p.TookSeconds.appendJSON(append(b, `,"tookSeconds":`...))
	b = p.Phases.appendJSON(append(b, `,"phases":`...))
	b = strconv.AppendBool(append(b, `,"answered":`...), p.Answered)
	b = strconv.AppendInt(append(b, `,"attempts":`...), int64(p.Attempts), 10)
	b = strconv.AppendBool(append(b, `,"flaky":`...), p.Flaky)
	b = append(b, `,"health":`...)
	if p.Health == nil {
		b = append(b, "null"...)
	} else {
		b = p.Health.appendJSON(b)
	}
	b = appendText(append(b, `,"excerpt":`...), p.Excerpt)
	b = p.Expires.appendJSON(append(b, `,"expires":`...))
	b = p.SkewSeconds.appendJSON(append(b, `,"skewSeconds":`...))
	b = appendList(append(b, `,"trace":`...), p.Trace, func(s *string, b []byte) []byte { return appendText(b, *s) })
	return append(b, '}')
}

func (h *Health) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"dialect":`...), h.Dialect)
	b = appendText(append(b, `,"word":`...), h.Word)
	b = appendText(append(b, `,"text":`...), h.Text)
	b = appendText(append(b, `,"detail":`...), h.Detail)
	b = strconv.AppendBool(append(b, `,"draining":`...), h.Draining)
	b = strconv.AppendBool(append(b, `,"starting":`...), h.Starting)
	b = appendList(append(b, `,"components":`...), h.Components, (*Component).appendJSON)
	return append(b, '}')
}

func (c *Component) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"name":`...), c.Name)
	b = appendText(append(b, `,"word":`...), c.Word)
	b = appendText(append(b, `,"text":`...), c.Text)
	b = appendText(append(b, `,"detail":`...), c.Detail)
	return append(b, '}')
}

func (p Phases) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, phase := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, phase.Name), ':')
		b = phase.Took.appendJSON(b)
	}
	return append(b, '}')
}

func (t Time) appendJSON(b []byte) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return t.UTC().AppendFormat(b, `"2006-01-02T15:04:05.000Z"`)
}

// appendJSON writes microseconds as the decimal fraction they are: of so few
// digits it is also the shortest form of such a number. Whatever else there may
// be is encoding/json's.
func (s Seconds) appendJSON(b []byte) []byte {
	const most, micro = 1e9, 1e6
	micros := math.Round(float64(s) * micro)
	if micros == 0 && float64(s) == 0 && !math.Signbit(float64(s)) {
		return append(b, '0')
	}
	if micros < 1 || micros >= most*micro || micros/micro != float64(s) {
		text, _ := json.Marshal(float64(s)) // it was made of a Duration: always a number
		return append(b, text...)
	}
	n := uint64(micros)
	b = strconv.AppendUint(b, n/micro, 10)
	if n %= micro; n == 0 {
		return b
	}
	b = append(b, ".000000"...)
	for at := len(b) - 1; n > 0; at-- {
		b[at] = byte('0' + n%10)
		n /= 10
	}
	return bytes.TrimRight(b, "0")
}

func appendList[T any](b []byte, list []T, one func(*T, []byte) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(&list[i], b)
	}
	return append(b, ']')
}

func appendPairs(b []byte, m map[string]string) []byte {
	names := make([]string, 0, 16) // that few need no room of their own
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ':')
		b = appendText(b, m[name])
	}
	return append(b, '}')
}

// appendText writes what needs no escape as it is; the rest is encoding/json's.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendAny(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendAny is what encoding/json writes of what can always be encoded.
func appendAny(b []byte, v any) []byte {
	var whole bytes.Buffer
	enc := json.NewEncoder(&whole)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return append(b, bytes.TrimSuffix(whole.Bytes(), []byte("\n"))...)
}
