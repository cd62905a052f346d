package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

func TestStatusWords(t *testing.T) {
	for s := fleet.Up; s <= fleet.Down; s++ {
		got, err := fleet.ParseStatus(s.String())
		if err != nil || got != s {
			t.Errorf("%v reads back as %v, %v", s, got, err)
		}
	}
	for _, word := range []string{"", "UP", "healthy", "status(9)"} {
		if _, err := fleet.ParseStatus(word); err == nil {
			t.Errorf("%q is no status", word)
		}
	}
	if fleet.StatusNone.String() != "" || fleet.Status(9).String() != "status(9)" {
		t.Error("what is no status has a word")
	}
	if !slices.IsSorted([]fleet.Status{fleet.Up, fleet.Maintenance, fleet.Unknown, fleet.Degraded, fleet.Down}) {
		t.Error("the worst is not the greatest")
	}
	for s, want := range map[fleet.Status]bool{fleet.Up: true, fleet.Degraded: true, fleet.Down: false, fleet.Unknown: false, fleet.Maintenance: false, fleet.StatusNone: false} {
		if s.Serves() != want {
			t.Errorf("%v serves: %v", s, s.Serves())
		}
	}
}

func TestBreakerStates(t *testing.T) {
	for s, want := range map[fleet.BreakerState]struct {
		word    string
		refuses bool
	}{
		fleet.BreakerUnknown:     {"unknown", false},
		fleet.BreakerClosed:      {"closed", false},
		fleet.BreakerHalfOpen:    {"half_open", false},
		fleet.BreakerOpen:        {"open", true},
		fleet.BreakerForcedOpen:  {"forced_open", true},
		fleet.BreakerDisabled:    {"disabled", false},
		fleet.BreakerMetricsOnly: {"metrics_only", false},
		fleet.BreakerState(99):   {"unknown", false},
	} {
		if s.String() != want.word || s.Refuses() != want.refuses {
			t.Errorf("%d: %s, refuses %v", s, s, s.Refuses())
		}
	}
}

func TestRefs(t *testing.T) {
	for want, r := range map[string]fleet.Ref{
		"payment":             {Name: "payment"},
		"shop/payment":        {Namespace: "shop", Name: "payment"},
		"consul:payment":      {Context: "prod", Source: "consul", Name: "payment"},
		"consul:shop/payment": {Source: "consul", Namespace: "shop", Name: "payment"},
	} {
		if r.String() != want {
			t.Errorf("%q, want %q", r, want)
		}
	}
	sorted := []fleet.Key{
		{Ref: fleet.Ref{Name: "a"}, Instance: "2"},
		{Ref: fleet.Ref{Source: "x", Name: "a"}, Instance: "1"},
		{Ref: fleet.Ref{Namespace: "n", Name: "a"}},
		{Ref: fleet.Ref{Name: "b"}, Instance: "1"},
		{Ref: fleet.Ref{Name: "b"}, Instance: "2"},
		{Ref: fleet.Ref{Context: "c", Name: "b"}},
	}
	if !slices.IsSortedFunc(sorted, fleet.Key.Compare) {
		t.Error("keys are not ordered by name, namespace, source, context, instance")
	}
}

// TestSecretsHide tries every way a secret could get out.
func TestSecretsHide(t *testing.T) {
	s := fleet.NewSecret("hunter2")
	holder := struct{ S fleet.Secret }{s}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, &s) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, []fleet.Secret{s})
	}
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("shown: %s", shown)
	}
	if s.Reveal() != "hunter2" || s.IsZero() || s.String() != "***" {
		t.Error("the secret is not what it was")
	}
	if none := (fleet.Secret{}); !none.IsZero() || none.String() != "" {
		t.Error("no secret is shown as one")
	}
}

func TestSecretRefs(t *testing.T) {
	for text, want := range map[string]fleet.SecretRef{
		"":                {},
		"env:TOKEN":       {Env: "TOKEN"},
		"file:/run/token": {File: "/run/token"},
		"file:a:b":        {File: "a:b"},
	} {
		got, err := fleet.ParseSecretRef(text)
		if err != nil || !reflect.DeepEqual(got, want) || got.String() != text || got.IsZero() != (text == "") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"hunter2", "env:", "file:", "ENV:X", "cmd:pass show x", "https://hunter2@host"} {
		_, err := fleet.ParseSecretRef(text)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := (fleet.SecretRef{Cmd: []string{"pass", "show", "x"}}).String(); got != "cmd:pass show x" {
		t.Errorf("got %q", got)
	}
}

func TestReasonOf(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for _, tt := range []struct {
		name   string
		err    error
		reason fleet.Reason
		detail string
	}{
		{"none", nil, "", ""},
		{"its own words", fmt.Errorf("list: %w", &fleet.Error{Reason: probe.ReasonProtocol, Detail: "no etcd at 10.0.0.5:2379", Err: io.EOF}), probe.ReasonProtocol, "no etcd at 10.0.0.5:2379"},
		{"its own words, the cause's reason", &fleet.Error{Detail: "consul at 10.0.0.5:8500", Err: refused}, probe.ReasonRefused, "consul at 10.0.0.5:8500"},
		{"denied", fmt.Errorf("consul: token: %w", fleet.ErrDenied), probe.ReasonAuth, "consul: token: denied"},
		{"denied, in its own words", &fleet.Error{Detail: "no token", Err: fleet.ErrDenied}, probe.ReasonAuth, "no token"},
		{"not found", fmt.Errorf("service x: %w", fleet.ErrNotFound), probe.ReasonNotFound, "service x: not found"},
		{"refused", fmt.Errorf("consul: %w", refused), probe.ReasonRefused, "connection refused"},
		{"no time left", context.DeadlineExceeded, probe.ReasonTimeout, "no answer in time"},
		{"stopped", fmt.Errorf("consul: %w", context.Canceled), probe.ReasonCancelled, "stopped asking"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if reason, detail := fleet.ReasonOf(tt.err); reason != tt.reason || detail != tt.detail {
				t.Errorf("got %q, %q\nwant %q, %q", reason, detail, tt.reason, tt.detail)
			}
		})
	}
}

func TestErrorUnwraps(t *testing.T) {
	err := error(&fleet.Error{Detail: "denied at 10.0.0.5:8500", Err: fleet.ErrDenied})
	if !errors.Is(err, fleet.ErrDenied) || err.Error() != "denied at 10.0.0.5:8500" {
		t.Errorf("%v", err)
	}
}

func TestProfileZeroes(t *testing.T) {
	if !(fleet.Auth{}).IsZero() || !(fleet.TLSSettings{}).IsZero() {
		t.Error("nothing set is not zero")
	}
	for _, a := range []fleet.Auth{{BasicUser: "u"}, {BasicPassword: fleet.SecretRef{Env: "P"}}, {Bearer: fleet.SecretRef{File: "f"}}, {OAuth2: &fleet.OAuth2{}}} {
		if a.IsZero() {
			t.Errorf("%+v is zero", a)
		}
	}
	if (fleet.TLSSettings{Insecure: true}).IsZero() {
		t.Error("insecure is a setting")
	}
}

// TestBreakerRank: a breaker that refuses is worse than one that tries, that worse
// than one that lets pass, and a closed one is the best; no two are the same.
func TestBreakerRank(t *testing.T) {
	for i, s := range []fleet.BreakerState{
		fleet.BreakerClosed, fleet.BreakerMetricsOnly, fleet.BreakerDisabled, fleet.BreakerUnknown, fleet.BreakerHalfOpen, fleet.BreakerForcedOpen, fleet.BreakerOpen,
	} {
		if s.Rank() != i {
			t.Errorf("%s has rank %d, want %d", s, s.Rank(), i)
		}
	}
	if len(fleet.BreakerStates()) != 7 || fleet.BreakerState(99).Rank() != fleet.BreakerUnknown.Rank() {
		t.Error("a state without a rank")
	}
}

// TestAllUp: a service is not all up while one of its instances is anything else,
// also where that is no failure.
func TestAllUp(t *testing.T) {
	of := func(s fleet.Status, instances ...fleet.Status) *fleet.ServiceView {
		v := &fleet.ServiceView{Status: s}
		for _, st := range instances {
			v.Instances = append(v.Instances, fleet.InstanceView{Status: st})
		}
		return v
	}
	for _, c := range []struct {
		v    *fleet.ServiceView
		want bool
	}{
		{of(fleet.Up, fleet.Up, fleet.Up), true},
		{of(fleet.Up), true},
		{of(fleet.Up, fleet.Up, fleet.Maintenance), false},
		{of(fleet.Degraded, fleet.Up), false},
		{of(fleet.StatusNone, fleet.Up), false},
	} {
		if c.v.AllUp() != c.want {
			t.Errorf("%+v: all up is %v", c.v, !c.want)
		}
	}
}
