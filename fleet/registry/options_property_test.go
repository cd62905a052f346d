package registry_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// TestOptionsSurviveTheURL: options written into a URL and read out of it again
// are the same, whatever characters are in them.
func TestOptionsSurviveTheURL(t *testing.T) {
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 3))
		want := defaults()
		want.TLS, want.Depth = rng.IntN(2) == 0, rng.IntN(2000)-1000
		want.CA = pick(rng, "", "/etc/ssl/ca.pem", "a b&c=d#e?f", "münchen.pem", "100%.pem")
		want.ServerName = pick(rng, "", "h", "*.example")
		want.Wait = time.Duration(rng.Int64N(int64(time.Hour)))
		want.Layout = pick(rng, "auto", "naming", "kratos")
		want.Token = pick(rng, fleet.SecretRef{}, fleet.SecretRef{Env: "TOKEN"}, fleet.SecretRef{File: "/run/s t"})
		want.Tags = pick(rng, nil, []string{"a"}, []string{"a b", "c&d", "é"})
		loc := registry.Location{Name: "etcd", Scheme: "etcd", Hosts: []string{"h:1"}, Query: url.Values{}}
		for key, value := range map[string]string{
			"tls": strconv.FormatBool(want.TLS), "ca": want.CA, "serverName": want.ServerName, "token": want.Token.String(), "layout": want.Layout,
			"depth": strconv.Itoa(want.Depth), "wait": want.Wait.String(), "tags": strings.Join(want.Tags, ","),
		} {
			loc.Query.Set(key, value)
		}
		if want.Token.IsZero() {
			loc.Query.Del("token") // shown as hidden where it is no reference
		}
		again, err := registry.ParseLocation(loc.String())
		if err != nil {
			t.Errorf("%s: %v", loc, err)
			return false
		}
		got := defaults()
		if err := registry.Decode(got, again.Values()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", loc, got, err, want)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestDefaultsAreAccepted: what Describe shows as a default can be written.
func TestDefaultsAreAccepted(t *testing.T) {
	values := map[string]string{}
	for _, o := range registry.Describe(defaults()) {
		if o.Default != "" {
			values[o.Name] = o.Default
		}
	}
	got := defaults()
	if err := registry.Decode(got, values); err != nil || !reflect.DeepEqual(got, defaults()) {
		t.Errorf("got %+v, %v", got, err)
	}
	listed := registry.Describe(&options{Tags: []string{"a", "b"}, Depth: 7, TokenOptions: registry.TokenOptions{Token: fleet.SecretRef{Env: "X"}}, TLSOptions: registry.TLSOptions{TLS: true}})
	shown := map[string]string{}
	for _, o := range listed {
		shown[o.Name] = o.Default
	}
	if shown["tags"] != "a,b" || shown["depth"] != "7" || shown["token"] != "env:X" || shown["tls"] != "true" || shown["wait"] != "" {
		t.Errorf("defaults are shown as %v", shown)
	}
}

// TestDecodeEachType walks every type of option through what may be written.
func TestDecodeEachType(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      string // of the field; ! for an error that says so
	}{
		{"tls", "", "true"},
		{"tls", "1", "true"},
		{"tls", "T", "true"},
		{"tls", "false", "false"},
		{"tls", "yes", `!"yes" is not true or false`},
		{"tls", " true", "!is not true or false"},
		{"depth", "-3", "-3"},
		{"depth", "+3", "3"},
		{"depth", "0x10", "!is not a whole number"},
		{"depth", "", "!is not a whole number"},
		{"depth", "99999999999999999999", "!is not a whole number"},
		{"wait", "0", "0s"},
		{"wait", "1h2m3s", "1h2m3s"},
		{"wait", "5", `!"5" is not a duration, as 30s or 5m`},
		{"wait", "", "!is not a duration"},
		{"wait", "300y", "!is not a duration"},
		{"wait", "9999999999999h", "!is not a duration"},
		{"tags", "", "[]"},
		{"tags", " a ,, b", "[a b]"},
		{"tags", ",", "[]"},
		{"layout", "Kratos", `!"Kratos" is not one of auto, naming, kratos; did you mean kratos?`},
		{"layout", "", `!"" is not one of auto`},
		{"token", "", "{  []}"},
		{"token", "env:", "!by reference only"},
		{"token", "cmd:pass", "!by reference only"},
		{"token", "file:a", "{ a []}"},
		{"ca", "", ""},
		{"ca", " x ", " x "},
	} {
		o := defaults()
		o.Tags, o.CA = []string{"before"}, "before"
		err := registry.Decode(o, map[string]string{c.key: c.text})
		if want, bad := strings.CutPrefix(c.want, "!"); bad {
			if !errors.Is(err, registry.ErrConfig) || !strings.HasPrefix(err.Error(), "option "+c.key+": ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s=%q: %v, want %q", c.key, c.text, err, want)
			}
			continue
		}
		got := map[string]any{"tls": o.TLS, "depth": o.Depth, "wait": o.Wait, "tags": o.Tags, "layout": o.Layout, "ca": o.CA}[c.key]
		if c.key == "token" {
			got = fmt.Sprintf("{%s %s %v}", o.Token.Env, o.Token.File, o.Token.Cmd)
		}
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s=%q: got %v, %v; want %s", c.key, c.text, got, err, c.want)
		}
	}
}

// TestDecodeOneOfFromAFile: a word of the right type is still held to the list.
func TestDecodeOneOfFromAFile(t *testing.T) {
	for _, value := range []any{"naming", "nameing"} {
		err := registry.Decode(defaults(), map[string]any{"layout": value})
		if (err == nil) != (value == "naming") {
			t.Errorf("%v: %v", value, err)
		}
	}
	err := registry.Decode(defaults(), map[string]any{"layout": 3})
	if err == nil || !strings.Contains(err.Error(), "option layout: want one of auto, naming, kratos, not a value of another kind") {
		t.Errorf("got %v", err)
	}
}

// TestProblemsAreSorted by option, so that the same mistakes are always the
// same text.
func TestProblemsAreSorted(t *testing.T) {
	want := "option depth: \"x\" is not a whole number\noption \"nope\" is not known\noption wait: \"y\" is not a duration, as 30s or 5m"
	for range 20 {
		err := registry.Decode(defaults(), map[string]string{"wait": "y", "nope": "z", "depth": "x"})
		if err == nil || err.Error() != want {
			t.Fatalf("got %v", err)
		}
	}
}

// TestEqualLooksAtAllOfAnInstance, signs of life apart.
func TestEqualLooksAtAllOfAnInstance(t *testing.T) {
	typ := reflect.TypeFor[fleet.Instance]()
	down := fleet.Down
	values := map[string]any{"Claimed": &down, "Weight": 3, "Labels": map[string]string{"a": "b"}, "Endpoints": map[string]string{"grpc": "h:1"}, "LastSeen": time.Unix(1, 0), "Lease": time.Second}
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		one, other := setOf("a"), setOf("a")
		field := reflect.ValueOf(&other.Services[0].Instances[0]).Elem().Field(i)
		value, ok := values[name]
		switch {
		case ok:
			field.Set(reflect.ValueOf(value))
		case field.Kind() == reflect.String:
			field.SetString("other")
		default:
			t.Errorf("a new field %s: say here whether a change of it is one", name)
		}
		alive := name == "LastSeen" || name == "Lease"
		if registry.Equal(one, other) != alive {
			t.Errorf("another %s: equal is %v", name, !alive)
		}
	}
}

// FuzzDecode: no text of an option breaks the decoder, and none that is refused
// as a secret comes back in the error.
func FuzzDecode(f *testing.F) {
	for _, o := range registry.Describe(defaults()) {
		for _, text := range []string{"", "true", "3", "5m", "env:X", "a,b", "kratos", "\x1b[2J", "\xff"} {
			f.Add(o.Name, text)
		}
	}
	f.Add("layuot", "x")
	f.Fuzz(func(t *testing.T, key, text string) {
		o := defaults()
		err := registry.Decode(o, map[string]string{key: text})
		if err == nil {
			if o.Wait < 0 || o.Layout != "auto" && o.Layout != "naming" && o.Layout != "kratos" {
				t.Fatalf("%s=%q gave %+v", key, text, o)
			}
			return
		}
		if !errors.Is(err, registry.ErrConfig) || !utf8.ValidString(err.Error()) || strings.ContainsRune(err.Error(), '\x1b') {
			t.Fatalf("%s=%q: %q", key, text, err)
		}
		if key == "token" && len(text) > 8 && strings.Contains(err.Error(), text) {
			t.Fatalf("a secret is repeated: %v", err)
		}
	})
}
