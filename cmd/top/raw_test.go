package top_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// shown is a view of two instances of a service, one of which has an odd label.
func shown() (*page.View, fleet.Ref) {
	pay := fleet.Ref{Context: "prod", Source: "etcd", Name: "pay"}
	s := fleet.ServiceView{Ref: pay, Status: fleet.Degraded, Why: fleet.Why{Reason: probe.ReasonTimeout, Detail: "pay-2"}, Serving: 1, DependsOn: []string{"db"}}
	for i, st := range []fleet.Status{fleet.Up, fleet.Down} {
		in := fleet.InstanceView{Key: fleet.Key{Ref: pay, Instance: fmt.Sprint("pay-", i+1)}, Status: st}
		in.Instance = fleet.Instance{ID: in.Key.Instance, Addr: "10.0.0.1:80", Labels: map[string]string{"odd": "\x1b[2J\u0085##[x]"}}
		in.Plan.Origins = []fleet.Origin{{What: "path", Value: "/health", From: "guess"}}
		in.Breakers = []fleet.Breaker{fleet.NewBreaker("db", fleet.BreakerClosed), fleet.NewBreaker("mail", fleet.BreakerOpen)}
		s.Instances = append(s.Instances, in)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	v := &page.View{Snapshot: &fleet.Snapshot{
		At: at, Services: []fleet.ServiceView{s},
		Sources: []fleet.SourceView{{Context: "prod", Name: "etcd", URL: "etcd://10.0.0.5:2379", AsOf: at, Services: 1, Instances: 2}},
	}}
	v.Events = []fleet.Event{{Kind: fleet.EventStatus, Key: s.Instances[1].Key, At: at, From: "up", To: "down"}}
	b := &change.Batch{ID: "01J9K", At: at, What: "trip pay/db", Context: "prod", Reason: "db move"}
	v.Changes = []desk.Change{{Batch: b}}
	return v, pay
}

// TestRaw: what a place is about, as documents have it; a JSON value after the
// other, with so many lines.
func TestRaw(t *testing.T) {
	v, pay := shown()
	key := fleet.Key{Ref: pay, Instance: "pay-2"}
	for name, c := range map[string]struct {
		of    page.Place
		items int
		want  map[string]any // of the first
	}{
		"service":         {page.Place{Kind: page.Service, Key: fleet.Key{Ref: pay}}, 1, map[string]any{"service": "pay", "status": "degraded", "up": 1.0, "total": 2.0, "source": "etcd"}},
		"instance":        {page.Place{Kind: page.Instance, Key: key}, 1, map[string]any{"service": "pay", "instance": "pay-2", "status": "down", "context": "prod"}},
		"breaker":         {page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: pay}, Item: "mail"}, 2, map[string]any{"breaker": "mail", "state": "open", "instance": "pay-1"}},
		"breaker of one":  {page.Place{Kind: page.Breakers, Key: key, Item: "mail"}, 1, map[string]any{"breaker": "mail", "instance": "pay-2"}},
		"source":          {page.Place{Kind: page.Sources, Key: fleet.Key{Ref: fleet.Ref{Context: "prod", Source: "etcd"}}, Item: "etcd"}, 1, map[string]any{"source": "etcd", "ok": true, "url": "etcd://10.0.0.5:2379"}},
		"event":           {page.EventPlace(&v.Events[0]), 1, map[string]any{"kind": "Event", "event": "status", "instance": "pay-2", "to": "down"}},
		"change":          {page.Place{Kind: page.Changes, Item: "01J9K"}, 1, map[string]any{"id": "01J9K", "reason": "db move", "context": "prod"}},
		"page of it":      {page.Place{Kind: page.Change, Item: "01J9K"}, 1, map[string]any{"id": "01J9K"}},
		"no such service": {page.Place{Kind: page.Service}, 0, nil},
		"no such change":  {page.Place{Kind: page.Change, Item: "x"}, 0, nil},
		"gone instance":   {page.Place{Kind: page.Instance, Key: fleet.Key{Ref: pay, Instance: "pay-9"}}, 0, nil},
		"gone breakers":   {page.Place{Kind: page.Breakers, Key: fleet.Key{Ref: fleet.Ref{Name: "x"}}, Item: "db"}, 0, nil},
		"the whole fleet": {page.Place{Kind: page.Fleet}, 0, nil},
	} {
		text := strings.Join(top.Raw(v, c.of), "\n")
		dec := json.NewDecoder(strings.NewReader(text))
		n := 0
		for ; dec.More(); n++ {
			var got map[string]any
			if err := dec.Decode(&got); err != nil {
				t.Fatalf("%s: %v:\n%s", name, err, text)
			}
			for k, want := range c.want {
				if n == 0 && got[k] != want {
					t.Errorf("%s: %s is %v, want %v", name, k, got[k], want)
				}
			}
		}
		if n != c.items {
			t.Errorf("%s: %d items, want %d:\n%s", name, n, c.items, text)
		}
		if strings.ContainsAny(text, "\x1b\u0085") || strings.Contains(text, "##") {
			t.Errorf("%s: holds what a terminal or a build system obeys: %q", name, text)
		}
	}
}

// TestRawExplains: how an instance is asked is a part of it.
func TestRawExplains(t *testing.T) {
	v, pay := shown()
	text := strings.Join(top.Raw(v, page.Place{Kind: page.Instance, Key: fleet.Key{Ref: pay, Instance: "pay-1"}}), "\n")
	for _, want := range []string{`"from": "guess"`, `"breaker": "mail"`, "\n  \"labels\": {"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s:\n%s", want, text)
		}
	}
}
