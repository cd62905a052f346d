package all_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTable checks that every row can stand in the same table.
func TestTable(t *testing.T) {
	seen := map[string]string{}
	for _, d := range all.Drivers() {
		if d.Name == "" || d.Summary == "" || d.NewOptions == nil || d.Open == nil || len(d.Schemes) == 0 {
			t.Errorf("not whole: %+v", d)
		}
		for _, scheme := range d.Schemes {
			if other := seen[scheme]; other != "" {
				t.Errorf("%s and %s both answer to %s", other, d.Name, scheme)
			}
			seen[scheme] = d.Name
			if found, ok := all.Driver(scheme); !ok || found.Name != d.Name {
				t.Errorf("Driver(%q) is %v", scheme, found)
			}
		}
		for _, o := range registry.Describe(d.NewOptions()) {
			if o.Help == "" {
				t.Errorf("%s: option %s has no help", d.Name, o.Name)
			}
		}
	}
	schemes := all.Schemes()
	if len(schemes) != len(seen) || !slices.IsSorted(schemes) || seen["file"] == "" || seen["memory"] == "" {
		t.Errorf("schemes %v of %v", schemes, seen)
	}
}

// parse reads a location that is in order.
func parse(t *testing.T, url string) registry.Location {
	t.Helper()
	loc, err := registry.ParseLocation(url)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "targets.json")
	if err := os.WriteFile(path, []byte(`[{"targets":["h:1"]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	r, d, err := all.Open(t.Context(), parse(t, "x=file://"+path+"?format=file_sd"), map[string]any{"refresh": "5s"}, registry.Env{})
	if err != nil || d.Name != "file" {
		t.Fatal(d, err)
	}
	set, err := r.List(t.Context())
	if err = errors.Join(err, r.Close()); err != nil || len(set.Services) != 1 {
		t.Errorf("got %+v, %v", set, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		url          string
		extra        map[string]any
		detail, hint string
	}{
		{"flie:///x.yaml", nil, `nothing is known of the scheme "flie"`, "did you mean file?"},
		{"http://127.0.0.1:8500", nil, `nothing is known of the scheme "http"`, "did you mean consul://127.0.0.1:8500?"},
		{"https://h:2379", nil, `nothing is known of the scheme "https"`, "did you mean etcd://h:2379?"},
		{"zzzz://h", nil, `nothing is known of the scheme "zzzz"`, "file, memory"},
		{"a=file:///x?formt=auto", nil, `registry a: option "formt" is not known`, "did you mean format?"},
		{"a=file:///x?refresh=soon&format=x", nil, "registry a: option format: \"x\" is not one of auto, inventory, file_sd\nregistry a: option refresh: \"soon\" is not a duration", ""},
		{"a=file:///x", map[string]any{"refresh": 5}, "registry a: option refresh: want duration", ""},
		{"a=file:///x?format=auto", map[string]any{"format": "auto"}, "registry a: option format is given in the URL and beside it", "one of them"},
		{"a=file:///*/x", nil, "registry a: path /*/x: one * is allowed", ""},
	} {
		r, d, err := all.Open(context.Background(), parse(t, c.url), c.extra, registry.Env{})
		var said *fleet.Error
		if r != nil || d != nil || !errors.Is(err, registry.ErrConfig) || !errors.As(err, &said) {
			t.Errorf("%s: %v, %v", c.url, r, err)
			continue
		}
		if !strings.Contains(said.Detail, c.detail) || !strings.Contains(said.Hint, c.hint) {
			t.Errorf("%s: %q, hint %q; want %q, %q", c.url, said.Detail, said.Hint, c.detail, c.hint)
		}
	}
}

// TestCheckIsOpenWithoutOpening: what Check takes Open takes, and the other way
// round, for every driver and its own example of a location.
func TestCheckIsOpenWithoutOpening(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	for _, c := range []struct {
		url   string
		extra map[string]any
		good  bool
	}{
		{"consul://127.0.0.1:1", nil, true},
		{"consul://127.0.0.1:1?nonsense=1", nil, false},
		{"consul://127.0.0.1:1", map[string]any{"nonsense": 1}, false},
		{"consul://127.0.0.1:1", map[string]any{"token": fleet.SecretRef{Env: "T"}}, true},
		{"consul://127.0.0.1:1", map[string]any{"token": "literal"}, false},
		{"consul://127.0.0.1:1?token=env:T", map[string]any{"token": fleet.SecretRef{Env: "T"}}, false},
		{"etcd://127.0.0.1:1/services", nil, true},
		{"etcd://127.0.0.1:1?layout=odd", nil, false},
		{"file://" + missing, nil, true}, // the file itself is read later
		{"file://" + missing + "?refresh=1ms", nil, false},
		{"memory://x", nil, true},
		{"nothing://x", nil, false},
	} {
		loc := parse(t, c.url)
		checked := all.Check(loc, c.extra)
		if (checked == nil) != c.good || checked != nil && !errors.Is(checked, registry.ErrConfig) {
			t.Errorf("%s %v: checked: %v", c.url, c.extra, checked)
		}
		r, d, opened := all.Open(t.Context(), loc, c.extra, registry.Env{Secret: func(context.Context, fleet.SecretRef) (fleet.Secret, error) { return fleet.NewSecret("s3cret"), nil }})
		if (opened == nil) != c.good {
			t.Errorf("%s %v: opened: %v", c.url, c.extra, opened)
		}
		if opened == nil {
			if !slices.Contains(d.Schemes, loc.Scheme) || r.Close() != nil {
				t.Errorf("%s is opened by %s", c.url, d.Name)
			}
			continue
		}
		if checked != nil && checked.Error() != opened.Error() || strings.Contains(opened.Error(), "literal") {
			t.Errorf("%s: said otherwise:\n%v\n%v", c.url, checked, opened)
		}
	}
}

// TestOpenLeavesItsArgumentsAlone: a configuration is opened again after a
// change, with the same values.
func TestOpenLeavesItsArgumentsAlone(t *testing.T) {
	loc, extra := parse(t, "x=consul://127.0.0.1:1?dc=eu"), map[string]any{"wait": "5s"}
	shown := loc.String()
	for range 2 {
		r, _, err := all.Open(t.Context(), loc, extra, registry.Env{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil || len(extra) != 1 || extra["wait"] != "5s" || loc.String() != shown {
			t.Errorf("%v: %v and %s", err, extra, loc)
		}
	}
}
