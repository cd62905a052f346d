package document

import (
	"iter"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
)

// Resolved is one address to use.
type Resolved struct {
	Ref
	Instance string `json:"instance" doc:"the chosen instance"`
	Address  string `json:"address" doc:"host:port, or the path of a unix socket"`
	Zone     string `json:"zone" doc:"where it runs, or empty"`
	Version  string `json:"version" doc:"what it runs, or empty"`
	Weight   int    `json:"weight" doc:"share of the calls; 0 where nobody gave one"`
	Status   Status `json:"status" doc:"how it is"`
	Policy   string `json:"policy" doc:"how it was chosen"`
}

// Resolve is the answer of resolve: the chosen instances in order of choice,
// none where none may be used.
func Resolve(s *fleet.Snapshot, chosen []*fleet.InstanceView, policy string) List[Resolved] {
	items := make([]Resolved, len(chosen))
	for i, v := range chosen {
		items[i] = Resolved{ref(v.Ref), v.ID, v.Addr, v.Zone, v.Version, v.Weight, status(v.Status), policy}
	}
	return ListOf("Resolve", s.Context, s.At, items, Failures(s))
}

// StepResult is how a step of a diagnosis went.
type StepResult string

// Enum lists the words.
func (StepResult) Enum() []string { return []string{"ok", "warning", "failed", "skipped"} }

// DoctorStep is one step of a diagnosis.
type DoctorStep struct {
	Ref
	Instance    string     `json:"instance" doc:"whom it is about"`
	Step        string     `json:"step" doc:"registry, address, dns, tcp, tls, http, ..."`
	Result      StepResult `json:"result" doc:"how it went"`
	Reason      string     `json:"reason" doc:"why, one word of a closed list, or empty"`
	Detail      string     `json:"detail" doc:"one line for people"`
	TookSeconds Seconds    `json:"tookSeconds" doc:"how long it took"`
	Hint        string     `json:"hint" doc:"what to do next, or empty"`
}

// RefOf is the outer form of a Ref, for items that commands make themselves.
func RefOf(r fleet.Ref) Ref { return ref(r) }

// Doctor is a diagnosis, its steps in the order they were taken.
func Doctor(context string, at time.Time, steps []DoctorStep, errs []Error) List[DoctorStep] {
	return ListOf("Doctor", context, at, steps, errs)
}

// Registry is a kind of registry that can be read, or of admin API for breakers,
// and what it can do.
type Registry struct {
	Of        RegistryOf       `json:"of" doc:"what it holds"`
	Name      string           `json:"name" doc:"the far system's own name"`
	Schemes   []string         `json:"schemes" doc:"URL schemes it answers to"`
	Summary   string           `json:"summary" doc:"one line"`
	Abilities []string         `json:"abilities" doc:"what it can do beyond reading"`
	Verbs     []string         `json:"verbs" doc:"what can be ordered of breakers"`
	Options   []RegistryOption `json:"options" doc:"what its URL and its entry in the configuration take"`
}

// RegistryOf is what a kind of registry holds.
type RegistryOf string

// Enum lists the words.
func (RegistryOf) Enum() []string { return []string{"services", "breakers"} }

// RegistryOption is one option of a kind of registry.
type RegistryOption struct {
	Name    string `json:"name" doc:"as in ?name=value"`
	Default string `json:"default" doc:"what it is where nobody says"`
	Help    string `json:"help" doc:"one line"`
}

// Registries lists the kinds of registry.
func Registries(at time.Time, items []Registry) List[Registry] {
	return ListOf("Registries", "", at, items, nil)
}

// Context is a configured context.
type Context struct {
	Name       string   `json:"name" doc:"its name"`
	Chosen     bool     `json:"chosen" doc:"it is the one that commands use"`
	Registries []string `json:"registries" doc:"URLs, without secrets"`
	ReadOnly   bool     `json:"readOnly" doc:"every write is refused"`
	Protected  bool     `json:"protected" doc:"a write wants the service's name typed"`
}

// Contexts lists the configured contexts.
func Contexts(at time.Time, items []Context) List[Context] {
	return ListOf("Contexts", "", at, items, nil)
}

// Build says what a binary was made from.
type Build struct {
	Version string `json:"version" doc:"1.4.0, or dev"`
	Commit  string `json:"commit" doc:"full hash; ends in -dirty when the tree had changes"`
	Date    string `json:"date" doc:"of the commit"`
	Go      string `json:"go" doc:"version of Go it was built with"`
	OS      string `json:"os" doc:"operating system it was built for"`
	Arch    string `json:"arch" doc:"processor it was built for"`
}

// Version says what this binary was made from.
func Version(at time.Time, b Build) List[Build] { return ListOf("Version", "", at, []Build{b}, nil) }

// Problem is a thing wrong with a file.
type Problem struct {
	File   string `json:"file" doc:"as it was named"`
	Line   int    `json:"line" doc:"from 1; 0 where it is about the whole file"`
	Column int    `json:"column" doc:"from 1; 0 where it is not known"`
	Path   string `json:"path" doc:"the key, as in contexts[1].registries[0]"`
	Detail string `json:"detail" doc:"what is wrong"`
	Hint   string `json:"hint" doc:"what to do about it, or empty"`
}

// Config is what is wrong with the configuration; no items: nothing.
func Config(at time.Time, items []Problem) List[Problem] { return ListOf("Config", "", at, items, nil) }

// ChangeState is how far a change of a plan is.
type ChangeState string

// Enum lists the words.
func (ChangeState) Enum() []string {
	return []string{"planned", "done", "failed", "unknown", "not_done", "left", "intended"}
}

// Change is one change of a plan, and what came of it.
type Change struct {
	Ref
	Instance    string      `json:"instance" doc:"whom it is about"`
	Breaker     string      `json:"breaker" doc:"the breaker, or a proxy's server; empty where it is about the instance"`
	Change      string      `json:"change" doc:"the kind: register, deregister, ..."`
	What        string      `json:"what" doc:"one line for people"`
	Was         string      `json:"was" doc:"what was there before"`
	Will        string      `json:"will" doc:"what is wanted"`
	SideEffects []string    `json:"sideEffects" doc:"what else happens"`
	State       ChangeState `json:"state" doc:"planned, or how it ended"`
	Now         string      `json:"now" doc:"as read back afterwards; empty while it is planned"`
	Changed     bool        `json:"changed" doc:"it is another than before"`
	Error       string      `json:"error" doc:"why it was not done, or empty"`
}

// PlanDoc is a plan, and, once it was carried out, what came of it.
type PlanDoc struct {
	List[Change]
	ID       string `json:"id" doc:"of the change in the journal; empty where it was not written down"`
	Undoes   string `json:"undoes" doc:"the id of the change that it takes back, or empty"`
	Until    Time   `json:"until" doc:"when it is put back by itself; null: never"`
	DryRun   bool   `json:"dryRun" doc:"nothing was written, and nothing was to be"`
	ExitCode int    `json:"exitCode" doc:"how the command ends"`
}

// Split is described at Document.
func (d PlanDoc) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = Items[Change]{}
	return d, items
}

// Plan is the document of a plan. The outcome is nil until it is carried out.
func Plan(at time.Time, p change.Plan, out *change.Outcome, dryRun bool, exitCode int) PlanDoc {
	doc := PlanDoc{DryRun: dryRun, ExitCode: exitCode}
	if p.Undoes != nil {
		doc.Undoes = p.Undoes.ID
	}
	var results []change.Result
	if out != nil {
		results = out.Results
		doc.ID, doc.Until = out.Batch.ID, value.TimeOf(out.Batch.Until)
	}
	items := make([]Change, 0, len(p.Steps))
	for i := range p.Steps {
		if i >= len(results) {
			items = append(items, step(&p.Steps[i], "planned"))
			continue
		}
		r := &results[i]
		c := step(&r.Step, ChangeState(r.State))
		c.Now, c.Changed = r.Now, r.Changed
		if r.Err != nil {
			c.Error = r.Err.Error()
		}
		items = append(items, c)
	}
	doc.List = ListOf("Plan", p.Context, at, items, nil)
	return doc
}

func step(s *change.Step, state ChangeState) Change {
	t := s.Intent.Target
	return Change{
		Ref: Ref{s.Intent.Context, t.Source, t.Namespace, t.Service}, Instance: t.Instance, Breaker: t.Breaker, Change: s.Intent.Verb(),
		What: s.What, Was: s.Was, Will: s.Will, SideEffects: value.Some(s.SideEffects), State: state,
	}
}
