package file_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/file"
	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

func TestMain(m *testing.M) { registrytest.Main(m) }

// open opens a path as a location would.
func open(t testing.TB, path string, options map[string]string, env registry.Env) registry.Registry {
	t.Helper()
	d := file.Driver()
	o := d.NewOptions()
	if err := registry.Decode(o, options); err != nil {
		t.Fatal(err)
	}
	r, err := d.Open(t.Context(), registry.Location{Scheme: "file", Path: path}, o, env)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// folder is a far end: the file as it should be, written anew at each change.
type folder struct {
	mu       sync.Mutex
	path     string
	services []fleet.Service
	broken   bool
	render   func([]fleet.Service) []byte
	rename   bool // put in place by a rename, else truncated and written
}

// write writes the file as it should be; the lock is held.
func (f *folder) write(t testing.TB) {
	t.Helper()
	if f.broken {
		return
	}
	path := f.path
	if f.rename {
		path += ".new"
	}
	err := os.WriteFile(path, f.render(f.services), 0o600)
	if err == nil && f.rename {
		err = os.Rename(path, f.path)
	}
	if err != nil {
		t.Error(err)
	}
}

func (f *folder) change(t testing.TB, ref fleet.Ref, svc ...fleet.Service) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.services = slices.DeleteFunc(f.services, func(s fleet.Service) bool { return s.Ref == ref })
	f.services = append(f.services, svc...)
	f.write(t)
}

func (f *folder) breaks(t testing.TB, how registrytest.Fault) (heal func()) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = true
	var err error
	switch whole := f.render(f.services); how {
	case registrytest.Refuse:
		err = os.Remove(f.path)
	case registrytest.HalfAnswer:
		err = os.WriteFile(f.path, whole[:strings.LastIndex(string(whole), ":")-len(`127.0.0.1`)], 0o600)
	default:
		err = os.WriteFile(f.path, []byte("\x00\xff\x17 what nobody can read"), 0o600)
	}
	if err != nil {
		t.Error(err)
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.broken = false
		f.write(t)
	}
}

// inventory renders the services as our own layout, in JSON, which is YAML.
func inventory(services []fleet.Service) []byte {
	type instance struct {
		ID      string            `json:"id,omitempty"`
		Address string            `json:"address"`
		Zone    string            `json:"zone,omitempty"`
		Version string            `json:"version,omitempty"`
		Weight  int               `json:"weight,omitempty"`
		Labels  map[string]string `json:"labels,omitempty"`
	}
	type service struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace,omitempty"`
		Labels    map[string]string `json:"labels,omitempty"`
		DependsOn []string          `json:"dependsOn,omitempty"`
		Instances []instance        `json:"instances"`
	}
	doc := struct {
		Services []service `json:"services"`
	}{[]service{}}
	for _, s := range services {
		one := service{Name: s.Name, Namespace: s.Namespace, Labels: s.Labels, DependsOn: s.DependsOn}
		for _, in := range s.Instances {
			one.Instances = append(one.Instances, instance{in.ID, in.Addr, in.Zone, in.Version, in.Weight, in.Labels})
		}
		doc.Services = append(doc.Services, one)
	}
	data, _ := json.Marshal(doc)
	return data
}

// yamlInventory renders it as people write it.
func yamlInventory(services []fleet.Service) []byte {
	var b strings.Builder
	b.WriteString("services:\n")
	if len(services) == 0 {
		return []byte("services: []\n")
	}
	for _, s := range services {
		fmt.Fprintf(&b, "  - name: %s\n    namespace: %q\n", s.Name, s.Namespace)
		for _, list := range []struct {
			key    string
			labels map[string]string
		}{{"labels", s.Labels}} {
			for k, v := range list.labels {
				fmt.Fprintf(&b, "    %s: {%s: %s}\n", list.key, k, v)
			}
		}
		if len(s.DependsOn) > 0 {
			fmt.Fprintf(&b, "    dependsOn: [%s]\n", strings.Join(s.DependsOn, ", "))
		}
		b.WriteString("    instances:\n")
		for _, in := range s.Instances {
			fmt.Fprintf(&b, "      - id: %q\n        zone: %q\n        version: %q\n        weight: %d\n", in.ID, in.Zone, in.Version, in.Weight)
			for k, v := range in.Labels {
				fmt.Fprintf(&b, "        labels: {%s: %s}\n", k, v)
			}
			fmt.Fprintf(&b, "        address: \"%s\"\n", in.Addr)
		}
	}
	return []byte(b.String())
}

// fileSD renders the services as Prometheus target groups.
func fileSD(services []fleet.Service) []byte {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	doc := []group{}
	for _, s := range services {
		for _, in := range s.Instances {
			labels := map[string]string{"job": s.Name}
			for k, v := range in.Labels {
				labels[k] = v
			}
			doc = append(doc, group{[]string{in.Addr}, labels})
		}
	}
	// Labels first, so that what is cut off is an address.
	data, _ := json.Marshal(doc)
	return data
}

// inventorySeed has all an inventory can say.
func inventorySeed() []fleet.Service {
	return []fleet.Service{
		{Ref: fleet.Ref{Name: "order"}, DependsOn: []string{"payment", "user"}, Instances: []fleet.Instance{
			{ID: "order-1", Addr: "10.0.0.1:8080", Zone: "a", Version: "2.10", Weight: 3, Labels: map[string]string{"profile": "spring"}},
			{ID: "order-2", Addr: "/run/order.sock"},
		}},
		{Ref: fleet.Ref{Namespace: "shop", Name: "order"}, Labels: map[string]string{"team": "shop"}, Instances: []fleet.Instance{{ID: "[fd00::1]:80", Addr: "[fd00::1]:80"}}},
		{Ref: fleet.Ref{Name: "payment"}, Instances: []fleet.Instance{{ID: "p", Addr: "pay.example:443"}}},
	}
}

func fileSDSeed() []fleet.Service {
	instance := func(job, addr string) fleet.Instance {
		return fleet.Instance{ID: addr, Addr: addr, Labels: map[string]string{"job": job, "env": "prod"}}
	}
	return []fleet.Service{
		{Ref: fleet.Ref{Name: "order"}, Instances: []fleet.Instance{instance("order", "10.0.0.1:8080"), instance("order", "10.0.0.2:8080")}},
		{Ref: fleet.Ref{Name: "payment"}, Instances: []fleet.Instance{instance("payment", "10.0.1.1:8080")}},
	}
}

func TestConformance(t *testing.T) {
	for _, layout := range []struct {
		name, file string
		seed       func() []fleet.Service
		render     func([]fleet.Service) []byte
		rename     bool
	}{
		{"inventory-json", "fleet.json", inventorySeed, inventory, true},
		{"inventory-yaml", "fleet.yaml", inventorySeed, yamlInventory, false},
		{"file_sd", "targets.json", fileSDSeed, fileSD, true},
	} {
		t.Run(layout.name, func(t *testing.T) {
			registrytest.Run(t, func(t testing.TB) registrytest.World {
				want := layout.seed()
				registry.Sort(want)
				f := &folder{path: filepath.Join(t.TempDir(), layout.file), services: layout.seed(), render: layout.render, rename: layout.rename}
				f.write(t)
				cannot := map[registrytest.Hand]string{
					registrytest.HandSecret:              "files need no credentials",
					registrytest.HandUnreadable:          "a file is read whole or refused whole",
					registrytest.Hand(registrytest.Hang): "a regular file does not hang",
					registrytest.Hand(registrytest.Deny): "rights cannot be taken from the superuser, who may run the tests",
					registrytest.Hand("half-calls"):      "there is one call",
				}
				if layout.name == "file_sd" {
					cannot[registrytest.HandNamespaces] = "file_sd has none"
				}
				return registrytest.World{
					Driver: file.Driver(),
					Open:   func(t testing.TB, env registry.Env) registry.Registry { return open(t, f.path, nil, env) },
					Seed:   want,
					Put:    func(t testing.TB, s fleet.Service) { f.change(t, s.Ref, s) },
					Drop:   func(t testing.TB, r fleet.Ref) { f.change(t, r) },
					Break:  f.breaks,
					Cannot: cannot,
				}
			})
		})
	}
}
