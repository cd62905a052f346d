// Package all is the table of registries: one line a driver.
package all

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd"
	"github.com/midwatch-cli/midwatch/fleet/registry/file"
	"github.com/midwatch-cli/midwatch/fleet/registry/memory"
)

// Drivers returns the table. A new registry is one line here.
func Drivers() []*registry.Driver {
	return []*registry.Driver{
		consul.Driver(),
		etcd.Driver(),
		file.Driver(),
		memory.Driver(),
	}
}

// Driver finds the driver of a scheme.
func Driver(scheme string) (*registry.Driver, bool) {
	for _, d := range Drivers() {
		if slices.Contains(d.Schemes, scheme) {
			return d, true
		}
	}
	return nil, false
}

// Schemes returns all schemes, sorted.
func Schemes() []string {
	var schemes []string
	for _, d := range Drivers() {
		schemes = append(schemes, d.Schemes...)
	}
	slices.Sort(schemes)
	return schemes
}

// Check finds what is wrong with a location and its options, without opening
// anything. Its arguments and errors are those of Open.
func Check(loc registry.Location, extra map[string]any) error {
	_, _, err := decode(loc, extra)
	return err
}

// decode finds the driver and its options.
func decode(loc registry.Location, extra map[string]any) (*registry.Driver, any, error) {
	driver, ok := Driver(loc.Scheme)
	if !ok {
		return nil, nil, unknownScheme(loc)
	}
	values := loc.Values()
	for key := range extra {
		if _, twice := values[key]; twice {
			const hint = "leave it out of one of them"
			twice := registry.OptionProblems{{Key: key, Message: "option " + key + " is given in the URL and beside it", Hint: hint}}
			return nil, nil, registry.Misconfigured("", hint, "registry %s: %w", loc.Name, twice)
		}
	}
	maps.Copy(values, extra)
	options := driver.NewOptions()
	if err := registry.Decode(options, values); err != nil {
		return nil, nil, registry.Within("registry "+loc.Name, err)
	}
	return driver, options, nil
}

// Open opens the registry of a location. Options are those of the URL; extra
// ones, as from a configuration file, come first and may be texts or values of
// the option's own type. The same option in both is refused. Errors wrap
// registry.ErrConfig; a registry that is out of reach is none yet.
func Open(ctx context.Context, loc registry.Location, extra map[string]any, env registry.Env) (registry.Registry, *registry.Driver, error) {
	driver, options, err := decode(loc, extra)
	if err != nil {
		return nil, nil, err
	}
	if env.Log == nil {
		env.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	r, err := driver.Open(ctx, loc, options, env)
	if err != nil {
		return nil, nil, registry.Within("registry "+loc.Name, err)
	}
	return r, driver, nil
}

// unknownScheme lists what there is and says what was probably meant.
func unknownScheme(loc registry.Location) error {
	known := Schemes()
	hint := "there are: " + strings.Join(known, ", ")
	web := loc.Scheme == "http" || loc.Scheme == "https"
	switch near := registry.Nearest(loc.Scheme, known); {
	case web && len(loc.Hosts) > 0:
		if url := registry.SuggestURL(loc.Hosts[0]); url != "" {
			hint = "did you mean " + url + "? " + hint
		}
	case near != "":
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return registry.Misconfigured("", hint, "registry URL: nothing is known of the scheme %q", loc.Scheme)
}
