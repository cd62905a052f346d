package top

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/midwatch-cli/midwatch/cmd/render/data"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// raw is what a place is about as JSON documents have it, indented, in lines:
// the items that -o json would show of it. Nothing where it is not there.
func raw(v *page.View, of page.Place) []string {
	switch of.Kind {
	case page.Service:
		if s := page.FindService(v.Snapshot, of.Key.Ref); s != nil {
			return items(document.Services(single(s)))
		}
	case page.Instance:
		if in := page.FindInstance(v.Snapshot, of.Key); in != nil {
			one := fleet.ServiceView{Ref: of.Key.Ref, Instances: []fleet.InstanceView{*in}}
			return items(document.Instances(single(&one), true))
		}
	case page.Breakers:
		return items(document.Breakers(v.Snapshot, breakers(v, of), nil))
	case page.Sources:
		for i, s := range document.SourcesOf(v.Snapshot) {
			if v.Snapshot.Sources[i].Context == of.Key.Context && v.Snapshot.Sources[i].Name == of.Key.Source {
				return lines(s)
			}
		}
	case page.Events:
		if e := page.FindEvent(v.Events, of); e != nil {
			return lines(document.Event(*e, nil, v.Snapshot))
		}
	case page.Change, page.Changes:
		for i := range v.Changes {
			if c := &v.Changes[i]; c.Batch.ID == of.Item {
				return items(document.Changes(c.Batch.Context, v.Snapshot.At, []document.Looked{{Batch: c.Batch, Stand: c.Stand}}, nil))
			}
		}
	case page.Fleet, page.Map:
	}
	return nil
}

// single is a snapshot of one service.
func single(s *fleet.ServiceView) *fleet.Snapshot {
	return &fleet.Snapshot{Services: []fleet.ServiceView{*s}}
}

// breakers are those of a name, on every instance of their owner that has one.
func breakers(v *page.View, of page.Place) (all []document.Breaker) {
	s := page.FindService(v.Snapshot, of.Key.Ref)
	if s == nil {
		return nil
	}
	for i := range s.Instances {
		in := &s.Instances[i]
		for k := range in.Breakers {
			if b := &in.Breakers[k]; b.Name == of.Item && (of.Key.Instance == "" || of.Key == in.Key) {
				all = append(all, document.BreakerOf(in, b, v.Holder.Of(in.Key, b)))
			}
		}
	}
	return all
}

// items are those of a document, one after the other.
func items(d document.Document) (all []string) {
	_, list := d.Split()
	for item := range list {
		all = append(all, lines(item)...)
	}
	return all
}

// lines is one value, indented.
func lines(item any) []string {
	var line, whole bytes.Buffer
	err := data.Line(&line, item, false)
	if err == nil {
		err = json.Indent(&whole, bytes.TrimSpace(line.Bytes()), "", "  ")
	}
	if err != nil {
		return []string{err.Error()}
	}
	return strings.Split(whole.String(), "\n")
}
