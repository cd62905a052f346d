package registry_test

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// pick takes one of several by chance.
func pick[T any](rng *rand.Rand, some ...T) T { return some[rng.IntN(len(some))] }

// anyLocation makes a location that can be written, of any kind.
func anyLocation(rng *rand.Rand) registry.Location {
	path := func() string {
		parts := []string{"fleet", "a b", "100%", "what?", "#1", "ä", "x@y", "a,b", "a:b", "*.json", "~", "a=b", "%2F", "tab\tin", "esc\x1b[2J", "+"}
		var b strings.Builder
		for range 1 + rng.IntN(3) {
			b.WriteString("/" + pick(rng, parts...))
		}
		return b.String()
	}
	loc := registry.Location{Scheme: pick(rng, "etcd", "consul", "nats", "x-1.y")}
	switch rng.IntN(4) {
	case 0:
		loc.Scheme, loc.Path = registry.SchemeFile, path()
		if rng.IntN(2) == 0 {
			loc.Path = pick(rng, ".", "..", "") + loc.Path
			loc.Path = strings.TrimPrefix(loc.Path, "/")
		}
	case 1:
		loc.Hosts = []string{"unix://" + path()}
	default:
		for range 1 + rng.IntN(3) {
			loc.Hosts = append(loc.Hosts, pick(rng, "h", "h:1", "10.0.0.1:65535", "[::1]", "[fd00::1]:2379", "[fe80::1%eth0]:80", "a-b.example.:80", "münchen:1"))
		}
		loc.User = pick(rng, "", "", "ann", "ann smith", "a@b", "a/b", "50%", "é", "a,b")
		loc.Path = pick(rng, "", path())
	}
	for range rng.IntN(3) {
		if loc.Query == nil {
			loc.Query = url.Values{}
		}
		key := pick(rng, "tls", "layout", "dc", "a b", "x&y", "ca", "ä")
		loc.Query.Add(key, pick(rng, "", "kratos", "a b", "a&b=c", "#", "%", "/etc/ca.pem", "env:X", "1,2", "+", "ü"))
	}
	if rng.IntN(4) == 0 {
		loc.Query = url.Values{"token": {pick(rng, "env:TOKEN", "file:/run/secrets/t")}}
	}
	loc.Name = loc.Scheme
	return loc
}

// TestLocationRoundTrip: what is written is read as the same, with a name and
// without.
func TestLocationRoundTrip(t *testing.T) {
	property := func(seed uint64) bool {
		want := anyLocation(rand.New(rand.NewPCG(seed, 7)))
		got, err := registry.ParseLocation(want.String())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", want, got, err, want)
			return false
		}
		want.Name = "east-1"
		got, err = registry.ParseLocation("east-1=" + want.String())
		return err == nil && reflect.DeepEqual(got, want)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

// TestLocationIsOneLine: whatever is in it, a location can be printed.
func TestLocationIsOneLine(t *testing.T) {
	for range 500 {
		shown := anyLocation(rand.New(rand.NewPCG(rand.Uint64(), 1))).String()
		if i := strings.IndexFunc(shown, func(c rune) bool { return c < ' ' || c == 0x7f }); i >= 0 {
			t.Errorf("%q has a control character", shown)
		}
	}
}

// TestPasswordInDisguise: a colon behind an escape still separates a password.
func TestPasswordInDisguise(t *testing.T) {
	for _, in := range []string{"consul://ann%3As3cr3t@h", "consul://ann%3as3cr3t@h:1/x", "x=consul://%3As3cr3t@h"} {
		loc, err := registry.ParseLocation(in)
		if !errors.Is(err, registry.ErrConfig) || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "a password in a URL is refused") {
			t.Errorf("%s: %+v, %v", in, loc, err)
		}
	}
}

func TestSuggestURL(t *testing.T) {
	for in, want := range map[string]string{
		"127.0.0.1:8500":  "consul://127.0.0.1:8500",
		"h:8501/":         "consul://h:8501",
		"[::1]:2379":      "etcd://[::1]:2379",
		"fleet.yaml":      "file://fleet.yaml",
		"/a/b.yml":        "file:///a/b.yml",
		"./sd/x.json":     "file://./sd/x.json",
		"h:8500/v1/kv":    "",
		"h":               "",
		"h:9999":          "",
		"":                "",
		"x:8500/y:8500":   "",
		"fleet.yaml.orig": "",
	} {
		got := registry.SuggestURL(in)
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if got == "" {
			continue
		}
		if _, err := registry.ParseLocation(got); err != nil {
			t.Errorf("what is suggested for %q is refused: %v", in, err)
		}
	}
}

// TestHintsCanBeCopied: a hint that shows a URL shows one that is accepted.
func TestHintsCanBeCopied(t *testing.T) {
	for _, in := range []string{"", "127.0.0.1:8500", "payment", "etcd://:2379", "etcd://::1", "etcd://[::1", "consul+unix://x", "file://", "dev=10.0.0.1:2379"} {
		_, err := registry.ParseLocation(in)
		var said *fleet.Error
		if !errors.As(err, &said) || said.Hint == "" {
			t.Errorf("%q: no hint with %v", in, err)
			continue
		}
		for _, word := range strings.FieldsFunc(said.Hint, func(c rune) bool { return c == ' ' || c == ',' || c == '?' }) {
			if !strings.Contains(word, "://") || strings.Contains(word, "SCHEME") {
				continue
			}
			if _, err := registry.ParseLocation(word); err != nil {
				t.Errorf("%q: the hint %q shows %s, which is refused: %v", in, said.Hint, word, err)
			}
		}
	}
}

func TestLocationValues(t *testing.T) {
	loc, err := registry.ParseLocation("etcd://h?tls&endpoints=a&endpoints=b,c&layout=kratos")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"tls": "", "endpoints": "a,b,c", "layout": "kratos"}
	if got := loc.Values(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (registry.Location{}).Values(); got == nil || len(got) != 0 {
		t.Errorf("no options are %v; callers add to them", got)
	}
	o := defaults()
	tags, _ := registry.ParseLocation("etcd://h?tags=a&tags=b&tls")
	if err := registry.Decode(o, tags.Values()); err != nil || !reflect.DeepEqual(o.Tags, []string{"a", "b"}) || !o.TLS {
		t.Errorf("what a URL repeats is a list: %+v, %v", o, err)
	}
}

func TestReservedCharactersInHosts(t *testing.T) {
	for _, c := range []struct{ host, want string }{
		{"[fe80::1%eth0]:80", ""},
		{"[::ffff:10.0.0.1]:80", ""},
		{"[10.0.0.1]:80", ""}, // Go's own dialler takes it too
		{"[g::1]:80", "not an IPv6 address"},
		{"[]:80", "not an IPv6 address"},
		{"[::1]80", "follows the closing bracket"},
		{"[::1]:", "not a number"},
		{"[::1]:x", "not a number"},
		{"h:65536", "out of range"},
		{"h:99999999999999999999", "out of range"},
		{"h:-1", "out of range"},
		{"h:1e3", "not a number"},
		{"h:１", "not a number"}, // a digit of another script
		{"a\\b", "not a host name"},
		{"{h}", "not a host name"},
		{"$(id)", ""}, // a name like any other: nothing here is given to a shell
		{"h`", "not a host name"},
	} {
		_, err := registry.ParseLocation("etcd://" + c.host)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.host, err, c.want)
		}
	}
}
