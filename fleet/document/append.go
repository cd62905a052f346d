package document

import (
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet/document/jsontext"
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
	b = jsontext.Text(append(b, `,"instance":`...), in.Instance)
	b = jsontext.Text(append(b, `,"address":`...), in.Address)
	b = jsontext.Text(append(b, `,"zone":`...), in.Zone)
	b = jsontext.Text(append(b, `,"version":`...), in.Version)
	b = strconv.AppendInt(append(b, `,"weight":`...), int64(in.Weight), 10)
	b = jsontext.Text(append(b, `,"status":`...), string(in.Status))
	b = append(b, `,"claimed":`...)
	if in.Claimed == nil {
		b = append(b, "null"...)
	} else {
		b = jsontext.Text(b, string(*in.Claimed))
	}
	b = jsontext.Text(append(b, `,"claimNote":`...), in.ClaimNote)
	b = in.Why.appendJSON(append(b, `,"why":`...))
	b = jsontext.List(append(b, `,"probes":`...), in.Probes, (*Probe).appendJSON)
	b = strconv.AppendInt(append(b, `,"attempts":`...), int64(in.Attempts), 10)
	b = strconv.AppendBool(append(b, `,"flaky":`...), in.Flaky)
	b = jsontext.Text(append(b, `,"profile":`...), in.Profile)
	b = jsontext.List(append(b, `,"plan":`...), in.Plan, (*Origin).appendJSON)
	b = jsontext.Pairs(append(b, `,"labels":`...), in.Labels)
	b = jsontext.Pairs(append(b, `,"endpoints":`...), in.Endpoints)
	b = in.LastSeen.AppendJSON(append(b, `,"lastSeen":`...))
	b = append(b, `,"leaseSeconds":`...)
	if in.LeaseSeconds == nil {
		b = append(b, "null"...)
	} else {
		b = in.LeaseSeconds.AppendJSON(b)
	}
	b = jsontext.List(append(b, `,"breakers":`...), in.Breakers, (*BreakerInfo).appendJSON)
	b = in.BreakersWhy.appendJSON(append(b, `,"breakersWhy":`...))
	return append(b, '}')
}

// appendJSON leaves breakers, of which there are few, to encoding/json.
func (i *BreakerInfo) appendJSON(b []byte) []byte { return jsontext.Any(b, i) }

func (r *Ref) appendFields(b []byte) []byte {
	b = jsontext.Text(append(b, `"context":`...), r.Context)
	b = jsontext.Text(append(b, `,"source":`...), r.Source)
	b = jsontext.Text(append(b, `,"namespace":`...), r.Namespace)
	return jsontext.Text(append(b, `,"service":`...), r.Service)
}

func (w *Why) appendJSON(b []byte) []byte {
	b = jsontext.Text(append(b, `{"reason":`...), w.Reason)
	b = jsontext.Text(append(b, `,"detail":`...), w.Detail)
	return append(b, '}')
}

func (o *Origin) appendJSON(b []byte) []byte {
	b = jsontext.Text(append(b, `{"what":`...), o.What)
	b = jsontext.Text(append(b, `,"value":`...), o.Value)
	b = jsontext.Text(append(b, `,"from":`...), o.From)
	return append(b, '}')
}

func (p *Probe) appendJSON(b []byte) []byte {
	b = jsontext.Text(append(b, `{"kind":`...), p.Kind)
	b = jsontext.Text(append(b, `,"target":`...), p.Target)
	b = jsontext.Text(append(b, `,"outcome":`...), string(p.Outcome))
	b = jsontext.Text(append(b, `,"reason":`...), p.Reason)
	b = jsontext.Text(append(b, `,"detail":`...), p.Detail)
	b = strconv.AppendInt(append(b, `,"code":`...), int64(p.Code), 10)
	b = p.At.AppendJSON(append(b, `,"at":`...))
	b = p.TookSeconds.AppendJSON(append(b, `,"tookSeconds":`...))
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
	b = jsontext.Text(append(b, `,"excerpt":`...), p.Excerpt)
	b = p.Expires.AppendJSON(append(b, `,"expires":`...))
	b = p.SkewSeconds.AppendJSON(append(b, `,"skewSeconds":`...))
	b = jsontext.List(append(b, `,"trace":`...), p.Trace, func(s *string, b []byte) []byte { return jsontext.Text(b, *s) })
	return append(b, '}')
}

func (h *Health) appendJSON(b []byte) []byte {
	b = jsontext.Text(append(b, `{"dialect":`...), h.Dialect)
	b = jsontext.Text(append(b, `,"word":`...), h.Word)
	b = jsontext.Text(append(b, `,"text":`...), h.Text)
	b = jsontext.Text(append(b, `,"detail":`...), h.Detail)
	b = strconv.AppendBool(append(b, `,"draining":`...), h.Draining)
	b = strconv.AppendBool(append(b, `,"starting":`...), h.Starting)
	b = jsontext.List(append(b, `,"components":`...), h.Components, (*Component).appendJSON)
	return append(b, '}')
}

func (c *Component) appendJSON(b []byte) []byte {
	b = jsontext.Text(append(b, `{"name":`...), c.Name)
	b = jsontext.Text(append(b, `,"word":`...), c.Word)
	b = jsontext.Text(append(b, `,"text":`...), c.Text)
	b = jsontext.Text(append(b, `,"detail":`...), c.Detail)
	return append(b, '}')
}

func (p Phases) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, phase := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsontext.Text(b, phase.Name), ':')
		b = phase.Took.AppendJSON(b)
	}
	return append(b, '}')
}
