package registry_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

type options struct {
	registry.TLSOptions
	registry.TokenOptions
	Layout  string        `option:"layout" help:"how keys are laid out" oneof:"auto,naming,kratos"`
	Depth   int           `option:"depth" help:"levels"`
	Wait    time.Duration `option:"wait" help:"longest wait"`
	Tags    []string      `option:"tags" help:"only these"`
	Ignored string
}

func defaults() *options { return &options{Layout: "auto", Wait: 5 * time.Minute} }

func TestDecode(t *testing.T) {
	got := defaults()
	err := registry.Decode(got, map[string]string{
		"tls": "", "ca": "ca.pem", "token": "env:TOKEN", "layout": "kratos", "depth": "3", "wait": "30s", "tags": "a, b,,c",
	})
	want := defaults()
	want.TLS, want.CA, want.Token.Env, want.Layout, want.Depth, want.Wait, want.Tags = true, "ca.pem", "TOKEN", "kratos", 3, 30*time.Second, []string{"a", "b", "c"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	got = defaults()
	err = registry.Decode(got, map[string]any{
		"tls": false, "token": fleet.SecretRef{Cmd: []string{"pass", "show"}}, "depth": 4, "wait": time.Second, "tags": []string{"x"}, "layout": "naming",
	})
	want = defaults()
	want.Token.Cmd, want.Depth, want.Wait, want.Tags, want.Layout = []string{"pass", "show"}, 4, time.Second, []string{"x"}, "naming"
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if got := defaults(); registry.Decode[string](got, nil) != nil || !reflect.DeepEqual(got, defaults()) {
		t.Errorf("nothing set changed %+v", got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		key          string
		value        any
		detail, hint string
	}{
		{"layuot", "x", `option "layuot" is not known`, "did you mean layout?"},
		{"SERVERNAME", "x", "is not known", "did you mean serverName?"},
		{"zzzzzz", "x", "is not known", "there are: tls, ca, cert"},
		{"tls", "maybe", `option tls: "maybe" is not true or false`, ""},
		{"depth", "3.5", `option depth: "3.5" is not a whole number`, ""},
		{"wait", "soon", `option wait: "soon" is not a duration`, ""},
		{"wait", "-1s", "is not a duration", ""},
		{"layout", "kratso", `option layout: "kratso" is not one of auto, naming, kratos; did you mean kratos?`, ""},
		{"layout", "x", `"x" is not one of auto`, ""},
		{"token", "s3cr3t", "option token: a secret is given by reference only", ""},
		{"depth", true, "option depth: want number", ""},
		{"tags", nil, "option tags: want list", ""},
	} {
		err := registry.Decode(defaults(), map[string]any{c.key: c.value})
		var at *fleet.Error
		if !errors.As(err, &at) || !errors.Is(err, registry.ErrConfig) {
			t.Errorf("%s=%v: got %v", c.key, c.value, err)
			continue
		}
		if !strings.Contains(at.Detail, c.detail) || !strings.Contains(at.Hint, c.hint) || strings.Contains(fmt.Sprintf("%+v", at), "s3cr3t") {
			t.Errorf("%s=%v: %q, hint %q; want %q, %q", c.key, c.value, at.Detail, at.Hint, c.detail, c.hint)
		}
	}
	err := registry.Decode(defaults(), map[string]string{"depth": "x", "wait": "y", "nope": "z"})
	if got := strings.Count(err.Error(), "\n"); got != 2 {
		t.Errorf("three problems in %d lines: %v", got+1, err)
	}
	err = registry.Decode(&struct{}{}, map[string]string{"x": "1"})
	var at *fleet.Error
	if !errors.As(err, &at) || at.Hint != "this kind of registry has no options" {
		t.Errorf("got %+v", at)
	}
}

type pair struct {
	A int `option:"a"`
	B int `option:"b"`
}

func (p *pair) Validate() error {
	if p.A > p.B {
		return registry.Misconfigured("", "", "option a: must not be greater than b")
	}
	return nil
}

func TestDecodeValidates(t *testing.T) {
	if err := registry.Decode(&pair{}, map[string]string{"a": "1", "b": "2"}); err != nil {
		t.Error(err)
	}
	if err := registry.Decode(&pair{}, map[string]string{"a": "2"}); err == nil || !errors.Is(err, registry.ErrConfig) {
		t.Errorf("got %v", err)
	}
}

func TestDescribe(t *testing.T) {
	var rows []string
	for _, o := range registry.Describe(defaults()) {
		rows = append(rows, strings.Join([]string{o.Name, o.Type, o.Default, strings.Join(o.OneOf, "|")}, " "))
		if o.Help == "" {
			t.Errorf("%s has no help", o.Name)
		}
	}
	want := []string{
		"tls yes/no  ", "ca text  ", "cert text  ", "key text  ", "serverName text  ", "token reference  ",
		"layout text auto auto|naming|kratos", "depth number  ", "wait duration 5m0s ", "tags list  ",
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got  %q\nwant %q", rows, want)
	}
}

func TestOptionsOfWrongKind(t *testing.T) {
	for _, bad := range []any{options{}, (*options)(nil), new(int), &struct {
		F float64 `option:"f"`
	}{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was taken", bad)
				}
			}()
			registry.Describe(bad)
		}()
	}
}

func TestNearest(t *testing.T) {
	known := []string{"consul", "etcd", "file", "payment", "order"}
	for word, want := range map[string]string{
		"cosnul": "consul", "consl": "consul", "ectd": "etcd", "Etcd": "etcd", "paymnet": "payment", "ordr": "order",
		"x": "", "zookeeper": "", "": "", strings.Repeat("a", 100): "",
	} {
		if got := registry.Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
