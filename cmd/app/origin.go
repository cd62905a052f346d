package app

import (
	"context"
	"path/filepath"

	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/wiring"
)

// App is the surroundings of the session.
func (s *Session) App() *App { return s.app }

// Origin is how a context of the session was opened, so that another process
// can open it again. Its Env is what was needed until now: it is asked for
// after everything was read.
func (s *Session) Origin(contextName string) change.Origin {
	o := change.Origin{Context: contextName, Env: s.secrets.Used(), UserAgent: s.app.Global.UserAgent}
	if s.file != "" {
		if abs, err := filepath.Abs(s.file); err == nil {
			o.Config = abs
		}
	}
	if contextName == "" {
		for _, r := range s.origins[contextName].Registries {
			o.Registries = append(o.Registries, wiring.WholeURL(r))
		}
	}
	return o
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
