package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/selection"
	"github.com/midwatch-cli/midwatch/probe"
)

// Global are the flags that every command has.
type Global struct {
	Config      string
	Contexts    []string
	AllContexts bool
	Registries  []string
	Timeout     time.Duration
	UserAgent   string
	ReadOnly    bool
	NoCI        bool
	Color       string
	ASCII       bool
	UTC         bool
	Quiet       bool
	ExitStyle   string
	ExitZero    bool
}

func (g *Global) add(cmd *cobra.Command, a *App) {
	f := cmd.PersistentFlags()
	f.StringVar(&g.Config, "config", "", "configuration `FILE` (default: $MIDWATCH_CONFIG, else the user's own)")
	f.StringSliceVar(&g.Contexts, "context", nil, "`NAME`s of configured contexts, or none (default: $MIDWATCH_CONTEXT, else the chosen one)")
	f.BoolVar(&g.AllContexts, "all-contexts", false, "all configured contexts in one table")
	f.StringArrayVar(&g.Registries, "registry", nil, "[NAME=]`URL` of a registry to read instead of the configured ones; repeatable (etcd://, consul://, file://)")
	f.DurationVar(&g.Timeout, "timeout", 0, "bound on the whole command, such as 30s (default: none)")
	f.StringVar(&g.UserAgent, "user-agent", "", "what to call ourselves (default: midwatch/VERSION)")
	f.BoolVar(&g.ReadOnly, "read-only", false, "refuse every write")
	f.BoolVar(&g.NoCI, "no-ci", false, "do not look for a CI system: no annotations, no job summary")
	f.StringVar(&g.Color, "color", "auto", "colour: auto, always or never")
	f.BoolVar(&g.ASCII, "ascii", false, "symbols in ASCII")
	f.BoolVar(&g.UTC, "utc", false, "show times in UTC")
	f.BoolVarP(&g.Quiet, "quiet", "q", false, "no output, the exit code only")
	f.StringVar(&g.ExitStyle, "exit-style", "midwatch", "exit codes: midwatch, or nagios for 0, 1, 2, 3")
	f.BoolVar(&g.ExitZero, "exit-zero", false, "end with 0 whatever the verdict, as long as the command could run")
	a.Complete(cmd, "color", "auto", "always", "never")
	a.Complete(cmd, "exit-style", "midwatch", "nagios")
	a.CompleteFunc(cmd, "context", a.contextNames)
	a.CompleteFunc(cmd, "registry", a.registryURLs)
	none(cmd, "timeout", "user-agent")
}

// check refuses values that no command can use.
func (g *Global) check() error {
	switch {
	case g.Timeout < 0:
		return Usagef("durations look like 30s, 2m", "--timeout %v: must not be negative", g.Timeout)
	case g.Color != "auto" && g.Color != "always" && g.Color != "never":
		return Usagef("", "--color %q: want auto, always or never", g.Color)
	case g.ExitStyle != "midwatch" && g.ExitStyle != "nagios":
		return Usagef("", "--exit-style %q: want midwatch or nagios", g.ExitStyle)
	case g.AllContexts && len(g.Contexts) > 0:
		return Usagef("", "--context and --all-contexts cannot be used together")
	case len(g.Registries) > 0 && (g.AllContexts || len(g.Contexts) > 0 && !slices.Equal(g.Contexts, []string{"none"})):
		return Usagef("", "--registry takes the place of the configured contexts: leave --context out")
	}
	return nil
}

// Selection are the flags that select services and instances.
type Selection struct {
	Labels    string
	Zone      string
	Version   string
	Instance  string
	Namespace string
}

// Add declares the flags.
func (s *Selection) Add(cmd *cobra.Command, a *App) {
	f := cmd.Flags()
	f.StringVarP(&s.Labels, "selector", "l", "", "`LABELS`: key=value, key!=value, key in (a,b), comma separated")
	f.StringVar(&s.Zone, "zone", "", "only instances in this zone")
	f.StringVar(&s.Version, "service-version", "", "only instances of this version")
	f.StringVar(&s.Instance, "instance", "", "only the instance with this `ID` (or a glob)")
	f.StringVarP(&s.Namespace, "namespace", "n", "", "only this namespace of the registry")
	a.CompleteFunc(cmd, "zone", a.Zones)
	a.CompleteFunc(cmd, "service-version", a.fromFleet(func(in *fleet.Instance, _ *fleet.Service) string { return in.Version }))
	a.CompleteFunc(cmd, "instance", a.fromFleet(func(in *fleet.Instance, _ *fleet.Service) string { return in.ID }))
	a.CompleteFunc(cmd, "namespace", a.fromFleet(func(_ *fleet.Instance, s *fleet.Service) string { return s.Namespace }))
	none(cmd, "selector")
}

// Compile makes the selection of the flags and the SERVICE arguments.
func (s *Selection) Compile(names []string) (*selection.Selection, error) {
	sel, err := selection.Selector{
		Names: names, Labels: s.Labels, Zone: s.Zone, Version: s.Version, Instance: s.Instance, Namespace: s.Namespace,
	}.Compile()
	if err != nil {
		return nil, &Error{Code: Usage, Err: err}
	}
	return sel, nil
}

// Probing are the flags that say how instances are asked.
type Probing struct {
	ProbeTimeout time.Duration
	Attempts     int
	Parallel     int
	QPS          float64
	HealthPath   string
	Kind         string
	Profile      string
	Slow         time.Duration
	Explain      bool   // set by commands that show how instances were asked
	Prometheus   string // URL of a server that answers PromQL, in place of the configured one; then no registry has to be named

	agent string // what to call ourselves, where a change said it; empty: as always
}

// Add declares the flags.
func (p *Probing) Add(cmd *cobra.Command, a *App) {
	f := cmd.Flags()
	f.DurationVar(&p.ProbeTimeout, "probe-timeout", fleet.ProbeTimeout, "bound on one probe")
	f.IntVar(&p.Attempts, "attempts", fleet.Attempts, "how often dialling, resets and timeouts are tried")
	f.IntVar(&p.Parallel, "parallel", fleet.Parallel, "probes at once")
	f.Float64Var(&p.QPS, "qps", 0, "at most so many probes a second (default: no limit)")
	f.StringVar(&p.HealthPath, "health-path", "", "ask this path instead of what profile and metadata say")
	f.StringVar(&p.Kind, "probe", "", "ask this way: http, grpc, tcp, tls or dns")
	f.StringVar(&p.Profile, "profile", "", "use this profile for every service")
	f.DurationVar(&p.Slow, "slow", 0, "answers slower than this are a warning (default: what the profile says, else 1s)")
	a.Complete(cmd, "probe", "http", "grpc", "tcp", "tls", "dns")
	a.CompleteFunc(cmd, "profile", a.profileNames)
	none(cmd, "probe-timeout", "attempts", "parallel", "qps", "health-path", "slow")
}

// AddReading declares those of commands that read instances and probe none.
func (p *Probing) AddReading(cmd *cobra.Command, a *App) {
	p.ProbeTimeout, p.Attempts = fleet.ProbeTimeout, fleet.Attempts
	f := cmd.Flags()
	f.IntVar(&p.Parallel, "parallel", fleet.Parallel, "instances read at once")
	f.Float64Var(&p.QPS, "qps", 0, "at most so many instances a second (default: no limit)")
	f.StringVar(&p.Profile, "profile", "", "use this profile for every service")
	a.CompleteFunc(cmd, "profile", a.profileNames)
	none(cmd, "parallel", "qps")
}

// Check refuses values that make no sense.
func (p *Probing) Check() error {
	switch {
	case p.ProbeTimeout <= 0:
		return Usagef("durations look like 500ms, 2s", "--probe-timeout %v: must be more than 0", p.ProbeTimeout)
	case p.Attempts < 1:
		return Usagef("", "--attempts %d: must be at least 1", p.Attempts)
	case p.Parallel < 1:
		return Usagef("", "--parallel %d: must be at least 1", p.Parallel)
	case p.QPS < 0:
		return Usagef("", "--qps %v: must not be negative", p.QPS)
	case p.Slow < 0:
		return Usagef("", "--slow %v: must not be negative", p.Slow)
	case p.HealthPath != "" && !strings.HasPrefix(p.HealthPath, "/"):
		return Usagef("did you mean /"+p.HealthPath+"?", "--health-path %q: a path begins with a slash", p.HealthPath)
	}
	switch probe.Kind(p.Kind) {
	case "", probe.HTTP, probe.GRPC, probe.TCP, probe.TLS, probe.DNS:
		return nil
	}
	return Usagef("", "--probe %q: want http, grpc, tcp, tls or dns", p.Kind)
}

// Watching are the flags of commands that can go on.
type Watching struct {
	Watch    bool
	Interval time.Duration
}

// Add declares the flags.
func (w *Watching) Add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&w.Watch, "watch", "w", false, "go on: redraw on a terminal, one document after the other elsewhere")
	w.AddInterval(cmd, fleet.Interval)
}

// AddInterval declares --interval alone, for commands that always go on.
func (w *Watching) AddInterval(cmd *cobra.Command, usual time.Duration) {
	cmd.Flags().DurationVar(&w.Interval, "interval", usual, "between passes")
	none(cmd, "interval")
}

// Check refuses values that make no sense.
func (w *Watching) Check() error {
	if w.Interval < 100*time.Millisecond {
		return Usagef("", "--interval %v: must be at least 100ms", w.Interval)
	}
	return nil
}

// none declares that a flag's value cannot be completed, so that shells do not
// offer file names.
func none(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		mustComplete(cmd, name, cobra.NoFileCompletions)
	}
}

func mustComplete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(fmt.Sprintf("flag --%s of %s: %v", flag, cmd.Name(), err)) // a wrong name in this package's own code
	}
}
