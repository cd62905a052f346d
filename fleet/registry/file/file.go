// Package file reads services from files: our own inventory (a mapping at the
// top) and Prometheus file_sd (a list at the top), YAML or JSON, one file or a
// glob with one * in its last segment. Files are the user's own words: they are
// trusted, read whole or refused whole, with every problem and its place.
// See A9 of the wire reference for file_sd.
//
// Control characters in names, ids, addresses and label names are refused; in
// label values they are kept as data. Everything must be UTF-8.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// The layouts of a file.
const (
	formatAuto      = "auto"
	formatInventory = "inventory"
	formatFileSD    = "file_sd"
)

// maxSize bounds a file. 10,000 instances are about one MiB.
const maxSize = 64 << 20

// Options of the driver.
type Options struct {
	Format  string        `option:"format" oneof:"auto,inventory,file_sd" help:"layout of the file; auto: a list is file_sd, a mapping is the inventory"`
	Refresh time.Duration `option:"refresh" help:"how often the file is read again even if nothing announced a change"`
}

// Validate refuses a pace that would keep the disk busy.
func (o *Options) Validate() error {
	if o.Refresh < time.Second {
		return registry.Misconfigured("", "", "option refresh: %v is under 1s", o.Refresh)
	}
	return nil
}

// Driver is the row of the table.
func Driver() *registry.Driver {
	return &registry.Driver{
		Name:       "file",
		Schemes:    []string{registry.SchemeFile},
		Summary:    "inventory (YAML, JSON) and Prometheus file_sd files, watched",
		Trusted:    true,
		Abilities:  []registry.Ability{registry.CanWatch},
		NewOptions: func() any { return &Options{Format: formatAuto, Refresh: time.Minute} },
		Open:       open,
	}
}

// open checks the path; the file itself is read by List and Watch.
func open(_ context.Context, loc registry.Location, options any, env registry.Env) (registry.Registry, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("file: options are %T", options)
	}
	if loc.Path == "" {
		return nil, registry.Misconfigured("", "write file:///absolute/path or file://./relative/path", "no path")
	}
	dir, name := filepath.Split(loc.Path)
	if dir == "" {
		dir = "."
	}
	if strings.Contains(dir, "*") || strings.Count(name, "*") > 1 {
		return nil, registry.Misconfigured("", "write folder/*.json", "path %s: one * is allowed, in the last segment", clean(loc.Path))
	}
	if name == "" {
		return nil, registry.Misconfigured("", "write "+clean(dir)+"*.yaml to read all of its files", "path %s is a folder", clean(loc.Path))
	}
	log := env.Log
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return &files{options: *o, path: loc.Path, dir: filepath.Clean(dir), name: name, log: log, closed: make(chan struct{})}, nil
}

// files is one file or glob.
type files struct {
	options Options
	path    string // as given
	dir     string
	name    string // of the file, or a pattern with one *
	log     *slog.Logger
	once    sync.Once
	closed  chan struct{}
}

// Close ends what is watching.
func (f *files) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// glob says whether the path names several files.
func (f *files) glob() bool { return strings.Contains(f.name, "*") }

// matches says whether a base name is meant. As in a shell, * does not match a
// leading dot.
func (f *files) matches(base string) bool {
	before, after, glob := strings.Cut(f.name, "*")
	if !glob {
		return base == f.name
	}
	if before == "" && strings.HasPrefix(base, ".") {
		return false
	}
	return len(base) >= len(before)+len(after) && strings.HasPrefix(base, before) && strings.HasSuffix(base, after)
}

// paths lists the files to read, sorted.
func (f *files) paths() ([]string, error) {
	if !f.glob() {
		return []string{f.path}, nil
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, unreadable(f.dir, err)
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && f.matches(e.Name()) {
			paths = append(paths, filepath.Join(f.dir, e.Name()))
		}
	}
	return paths, nil
}

// List reads the files. A file that changed a moment ago may be in the middle
// of being written: it is read again once it was quiet. Where it never is, whole
// content is taken as it is, and what cannot be read gets some more time.
func (f *files) List(ctx context.Context) (registry.Set, error) {
	if err := ctx.Err(); err != nil {
		return registry.Set{}, registry.Explain("file "+clean(f.path), err)
	}
	for began := time.Now(); ; {
		set, changed, err := f.load()
		patience, rest := longest, quiet
		if err != nil {
			patience, rest = patience+grace, hesitation
		}
		if age := time.Since(changed); age >= rest || age < -quiet || time.Since(began) > patience {
			return set, err
		}
		if err := f.wait(ctx, quiet); err != nil {
			return registry.Set{}, err
		}
	}
}

// load reads the files as they are, and says when the youngest was changed.
func (f *files) load() (set registry.Set, changed time.Time, err error) {
	paths, err := f.paths()
	if err != nil {
		return registry.Set{}, changed, err
	}
	if len(paths) == 0 {
		set.Warnings = append(set.Warnings, fleet.Warning{Where: f.path, Detail: "no file matches"})
	}
	var faults []error
	for _, path := range paths {
		data, at, err := read(path)
		if at.After(changed) {
			changed = at
		}
		var services []fleet.Service
		var warnings []fleet.Warning
		if err == nil {
			services, warnings, err = decode(path, f.options.Format, data)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		set.Services, warnings = join(set.Services, services, path, warnings)
		set.Warnings = append(set.Warnings, warnings...)
	}
	if len(faults) > 0 {
		return registry.Set{}, changed, all(faults)
	}
	registry.Sort(set.Services)
	return set, changed, nil
}

// all makes one error of those of several files.
func all(faults []error) error {
	if len(faults) == 1 {
		return faults[0]
	}
	var lines []string
	var first *fleet.Error
	errors.As(faults[0], &first)
	for _, err := range faults {
		lines = append(lines, err.Error())
	}
	return registry.Misconfigured(first.Reason, first.Hint, "%s", strings.Join(lines, "\n"))
}

// read reads one regular file. A pipe or a device could hang or never end.
func read(path string) (data []byte, changed time.Time, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, changed, unreadable(path, err)
	}
	switch {
	case info.IsDir():
		return nil, changed, registry.Misconfigured(registry.ReasonNotFound, "write "+clean(path)+"/*.yaml to read all of its files", "%s is a folder", clean(path))
	case !info.Mode().IsRegular():
		return nil, changed, registry.Misconfigured(registry.ReasonNotFound, "", "%s is no regular file", clean(path))
	case info.Size() > maxSize:
		return nil, changed, registry.Misconfigured(registry.ReasonBody, "", "%s is too large: %d MiB, at most %d are read", clean(path), info.Size()>>20, maxSize>>20)
	}
	if data, err = os.ReadFile(path); err != nil {
		return nil, changed, unreadable(path, err)
	}
	return data, info.ModTime(), nil
}

// unreadable says why a file cannot be read: wrong configuration in all cases,
// since somebody named it.
func unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return registry.Misconfigured(registry.ReasonNotFound, "is the path right? a relative one starts at the working folder", "%s: no such file", clean(path))
	case errors.Is(err, fs.ErrPermission):
		return registry.Misconfigured(registry.ReasonAuth, "", "%s: no right to read it: %w", clean(path), fleet.ErrDenied)
	}
	return registry.Misconfigured(registry.ReasonNotFound, "", "%w", err)
}

// join adds the services of a further file. A service that is in several has
// the instances of all; what the first says of it counts.
func join(have, more []fleet.Service, path string, warnings []fleet.Warning) ([]fleet.Service, []fleet.Warning) {
	for _, svc := range more {
		at := slices.IndexFunc(have, func(h fleet.Service) bool { return h.Ref == svc.Ref })
		if at < 0 {
			have = append(have, svc)
			continue
		}
		for _, in := range svc.Instances {
			if slices.ContainsFunc(have[at].Instances, func(h fleet.Instance) bool { return h.ID == in.ID }) {
				warnings = append(warnings, fleet.Warning{Where: path, Detail: fmt.Sprintf("instance %q of service %q is in another file too; that one counts", in.ID, svc.Ref)})
				continue
			}
			have[at].Instances = append(have[at].Instances, in)
		}
	}
	return have, warnings
}
