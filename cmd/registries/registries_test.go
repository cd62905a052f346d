package registries_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/registries"
	breakers "github.com/midwatch-cli/midwatch/fleet/breaker/all"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/all"
)

func run(t *testing.T, args ...string) cmdtest.Result {
	t.Helper()
	return cmdtest.Command{New: registries.New}.Run(t, args...)
}

// TestEveryDriver has its row, its abilities and its options.
func TestEveryDriver(t *testing.T) {
	r := run(t, "-o", "json")
	var doc struct {
		Kind  string
		Items []struct {
			Of, Name, Summary         string
			Schemes, Abilities, Verbs []string
			Options                   []struct{ Name, Help string }
		}
	}
	if err := json.Unmarshal([]byte(r.Out), &doc); err != nil {
		t.Fatal(err)
	}
	drivers, apis := all.Drivers(), breakers.Drivers()
	if doc.Kind != "Registries" || len(doc.Items) != len(drivers)+len(apis) {
		t.Fatalf("%s with %d items, want %d and %d", doc.Kind, len(doc.Items), len(drivers), len(apis))
	}
	table := run(t).Out
	for i, d := range apis {
		item := doc.Items[len(drivers)+i]
		if item.Of != "breakers" || item.Name != d.Name || item.Summary != d.Summary || !slices.Equal(item.Schemes, d.Schemes) ||
			len(item.Abilities) != len(d.Abilities) || len(item.Verbs) != len(d.Verbs) {
			t.Errorf("%s: %+v", d.Name, item)
		}
		if !strings.Contains(table, "\n"+d.Name+"\tbreakers\t") || !strings.Contains(run(t, d.Name).Out, "\n"+d.Name+"\tbreakers\t") {
			t.Errorf("%s has no row:\n%s", d.Name, table)
		}
	}
	for i, d := range drivers {
		item := doc.Items[i]
		if item.Of != "services" || item.Name != d.Name || item.Summary != d.Summary || !slices.Equal(item.Schemes, d.Schemes) || len(item.Abilities) != len(d.Abilities) {
			t.Errorf("%s: %+v", d.Name, item)
		}
		if want := registry.Describe(d.NewOptions()); len(want) != len(item.Options) {
			t.Errorf("%s has %d options, want %d", d.Name, len(item.Options), len(want))
		}
		if !strings.Contains(table, "\n"+d.Name+"\tservices\t"+d.Schemes[0]+"://") {
			t.Errorf("%s has no row:\n%s", d.Name, table)
		}
		one := run(t, d.Name)
		for _, o := range registry.Describe(d.NewOptions()) {
			if !strings.Contains(one.Out, "\n"+o.Name+"\t") || o.Help == "" {
				t.Errorf("%s: option %s is not explained", d.Name, o.Name)
			}
		}
	}
}

func TestOne(t *testing.T) {
	if r := run(t, "etcd", "-o", "name"); r.Err != nil || r.Out != "etcd\n" {
		t.Errorf("ended with %v and %q", r.Err, r.Out)
	}
	for name, hint := range map[string]string{"ectd": "did you mean etcd?", "cosnul": "did you mean consul?", "zzzzzzz": "there are: "} {
		r := run(t, name)
		if r.Code() != app.Usage || !strings.Contains(r.Err.Error(), name) || !strings.Contains(r.Hint(), hint) {
			t.Errorf("%s: ended with %d, %v, hint %q", name, r.Code(), r.Err, r.Hint())
		}
	}
}
