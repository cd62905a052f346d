// Package app is what every command gets: streams, configuration, the wired
// fleets, a clock, and the flags that commands share.
package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app/build"
	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
	"github.com/midwatch-cli/midwatch/fleet/config"
)

// App is the surroundings of one run.
type App struct {
	IO     *term.IO
	Getenv config.Getenv
	Now    func() time.Time
	Global Global
	Output render.Options
	Build  build.Info

	Breakers func(api string) (*breaker.Driver, error)      // the table of breaker APIs; nil: the one there is
	Holders  func(k fleet.Key, b *fleet.Breaker) fleet.Hold // who holds a breaker, by what we know ourselves; nil: nothing

	// Past opens the contexts of a recording, those that are named or all: sessions
	// read it in place of registries and instances. Nil: they read those.
	Past func(contexts []string) (Past, error)
}

// New returns the App on the given streams and environment.
func New(io *term.IO, getenv config.Getenv) *App {
	return &App{IO: io, Getenv: getenv, Now: time.Now, Build: build.Read()}
}

// AddGlobal declares the flags that every command has on the root.
func (a *App) AddGlobal(root *cobra.Command) { a.Global.add(root, a) }

// Begin checks the global flags and applies them, before any command runs.
func (a *App) Begin() error {
	if err := a.Global.check(); err != nil {
		return err
	}
	g := &a.Global
	return a.IO.Apply(term.Settings{Color: g.Color, ASCII: g.ASCII, NoCI: g.NoCI, Quiet: g.Quiet})
}

// AddOutput declares -o and what belongs to it; verdict adds the formats of
// commands that come to one.
func (a *App) AddOutput(cmd *cobra.Command, verdict bool) {
	f := cmd.Flags()
	var formats []string
	for _, format := range render.Formats(verdict) {
		formats = append(formats, string(format))
	}
	f.VarP(formatFlag{&a.Output.Format}, "output", "o", "`FORMAT`: "+strings.Join(formats, ", "))
	f.BoolVar(&a.Output.NoHeaders, "no-headers", false, "no line of column names")
	f.StringVar(&a.Output.JQ, "jq", "", "a jq `EXPRESSION` over the JSON document")
	f.StringVar(&a.Output.Template, "template", "", "a Go `TEMPLATE` over the JSON document")
	a.Complete(cmd, "output", formats...)
	none(cmd, "jq", "template")
	cmd.PreRunE = chain(cmd.PreRunE, func(*cobra.Command, []string) error {
		a.Output.UTC, a.Output.Now = a.Global.UTC, a.Now()
		a.Output.Interrupted = cmd.Root().Context().Done() // not the command's own: what is known is still shown when its time is over
		if err := a.Output.Validate(verdict); err != nil {
			return &Error{Code: Usage, Err: err}
		}
		return nil
	})
}

// formatFlag is -o: any word is taken and judged by Validate, which knows what
// the command has.
type formatFlag struct{ dst *render.Format }

func (f formatFlag) String() string {
	if f.dst == nil {
		return ""
	}
	return string(*f.dst)
}
func (f formatFlag) Type() string { return "FORMAT" }
func (f formatFlag) Set(s string) error {
	*f.dst = render.Format(s)
	return nil
}

// chain runs both, the first first.
func chain(first, then func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	if first == nil {
		return then
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := first(cmd, args); err != nil {
			return err
		}
		return then(cmd, args)
	}
}

// UserAgent is what we call ourselves.
func (a *App) UserAgent() string {
	if a.Global.UserAgent != "" {
		return a.Global.UserAgent
	}
	return "midwatch/" + a.Build.Version
}

// Complete offers words for a flag.
func (a *App) Complete(cmd *cobra.Command, flag string, words ...string) {
	mustComplete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// CompleteFunc offers what f finds; it may look at the fleet.
func (a *App) CompleteFunc(cmd *cobra.Command, flag string, f func(context.Context) []string) {
	mustComplete(cmd, flag, func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		done, given, current := lastWord(word)
		var out []string
		for _, w := range f(cmd.Context()) {
			if strings.HasPrefix(w, current) && !slices.Contains(given, w) {
				out = append(out, done+w)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

// lastWord splits a comma-separated value into what is done and what is being
// typed.
func lastWord(s string) (done string, words []string, current string) {
	i := strings.LastIndexByte(s, ',')
	if i < 0 {
		return "", nil, s
	}
	return s[:i+1], strings.Split(s[:i], ","), s[i+1:]
}

// completionTime bounds what a completion may take: a person waits for it.
const completionTime = time.Second

// ServiceArgs completes SERVICE arguments with live names, each once.
func (a *App) ServiceArgs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := a.ServiceNames(cmd.Context())
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(args, n) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// ServiceNames returns the names of the services there are, for completions.
func (a *App) ServiceNames(ctx context.Context) []string {
	return a.fromFleet(func(_ *fleet.Instance, s *fleet.Service) string { return s.Name })(ctx)
}

// Zones returns the zones there are, for completions.
func (a *App) Zones(ctx context.Context) []string {
	return a.fromFleet(func(in *fleet.Instance, _ *fleet.Service) string { return in.Zone })(ctx)
}

// InstanceKeys returns SERVICE/INSTANCE of all there are, for completions.
func (a *App) InstanceKeys(ctx context.Context) []string {
	return a.fromFleet(func(in *fleet.Instance, s *fleet.Service) string {
		if in.ID == "" {
			return ""
		}
		return s.Name + "/" + in.ID
	})(ctx)
}

// NoComplete declares that the values of flags cannot be completed.
func (a *App) NoComplete(cmd *cobra.Command, flags ...string) { none(cmd, flags...) }

// fromFleet returns the distinct values of a field in the registries.
func (a *App) fromFleet(field func(*fleet.Instance, *fleet.Service) string) func(context.Context) []string {
	return func(ctx context.Context) []string {
		return a.Offer(ctx, func(ctx context.Context, s *Session) (values []string) {
			for _, in := range s.Read(ctx) {
				for i := range in.Services {
					svc := &in.Services[i]
					if len(svc.Instances) == 0 {
						values = append(values, field(&fleet.Instance{}, svc))
					}
					for j := range svc.Instances {
						values = append(values, field(&svc.Instances[j], svc))
					}
				}
			}
			return values
		})
	}
}

// Offer returns what f finds in the fleets of the command, for a completion:
// each once, sorted, and none that a shell would obey or hide. F has a second;
// whatever goes wrong is an empty answer, as a shell has no place for errors.
func (a *App) Offer(ctx context.Context, f func(context.Context, *Session) []string) []string {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	a.IO.Quiet = true
	// For a completion the flags are read twice, and lists grow.
	a.Global.Registries, a.Global.Contexts = distinct(a.Global.Registries), distinct(a.Global.Contexts)
	s, err := a.Open(ctx, Probing{ProbeTimeout: completionTime, Attempts: 1, Parallel: fleet.Parallel})
	if err != nil {
		return nil
	}
	defer s.Close()
	values := slices.DeleteFunc(f(ctx, s), func(v string) bool { return v == "" || v != term.Clean(v) })
	slices.Sort(values)
	return slices.Compact(values)
}

// distinct keeps the first of equal words, and the order.
func distinct(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}
