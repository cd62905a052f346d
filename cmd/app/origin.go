package app

import (
	"context"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// variables remembers which variables of the environment secrets came from.
type variables struct {
	env  config.Getenv
	mu   sync.Mutex
	used map[string]bool
}

func (v *variables) get(name string) string {
	value := v.env(name)
	if value != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.used == nil {
			v.used = map[string]bool{}
		}
		v.used[name] = true
	}
	return value
}

// names lists them, sorted.
func (v *variables) names() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.used))
}

// App is the surroundings of the session.
func (s *Session) App() *App { return s.app }

// Origin is how a context of the session was opened, so that another process
// can open it again. Its Env is what was needed until now: it is asked for
// after everything was read.
func (s *Session) Origin(contextName string) change.Origin {
	o := change.Origin{Context: contextName, Env: s.secrets.names(), UserAgent: s.app.Global.UserAgent}
	if s.file != "" {
		if abs, err := filepath.Abs(s.file); err == nil {
			o.Config = abs
		}
	}
	if contextName == "" {
		for _, r := range s.origins[contextName].Registries {
			o.Registries = append(o.Registries, r.Name+"="+wholeURL(r))
		}
	}
	return o
}

// wholeURL is a registry's URL with the options that stand beside it, and a
// file by its whole path: it is opened from another folder. Secrets are
// references there too.
func wholeURL(r config.Registry) string {
	r.URL = wholePath(r.URL)
	if len(r.Options) == 0 {
		return r.URL
	}
	values := url.Values{}
	for key, o := range r.Options {
		text := o.Text
		if !o.Ref.IsZero() {
			text = o.Ref.String()
		}
		values.Set(key, text)
	}
	joint := "?"
	if strings.Contains(r.URL, "?") {
		joint = "&"
	}
	return r.URL + joint + values.Encode()
}

// wholePath makes the path of a file's URL whole.
func wholePath(u string) string {
	rest, file := strings.CutPrefix(u, "file://")
	path, query, more := strings.Cut(rest, "?")
	if !file || path == "" || filepath.IsAbs(filepath.FromSlash(path)) || strings.HasPrefix(path, "/") {
		return u
	}
	abs, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		return u
	}
	u = "file://" + filepath.ToSlash(abs)
	if more {
		u += "?" + query
	}
	return u
}

// Reopen opens the context that a change was made in, from wherever it was.
func (a *App) Reopen(ctx context.Context, o change.Origin) (*Session, error) {
	f := &config.File{}
	if o.Config != "" {
		var err error
		if f, err = config.Open(a.Getenv, o.Config, wiring.Known()); err != nil {
			return nil, &Error{Code: Usage, Err: err}
		}
	}
	if o.Context != "" {
		c, err := f.Named(o.Context)
		if err != nil {
			return nil, &Error{Code: Usage, Err: err}
		}
		return a.open(ctx, f, []config.Context{*c}, Probing{agent: o.UserAgent})
	}
	registries, err := wiring.ParseRegistries(o.Registries)
	if err != nil {
		return nil, usage(err)
	}
	return a.open(ctx, f, []config.Context{{Registries: registries}}, Probing{agent: o.UserAgent})
}

// ReadOnly says whether nothing may be written to a context, whoever says so.
func (s *Session) ReadOnly(f *wiring.Fleet) bool {
	return s.app.Global.ReadOnly || s.app.Getenv("MIDWATCH_READ_ONLY") != "" || f.ReadOnly
}
