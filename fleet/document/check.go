package document

import (
	"iter"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/asked"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/fleet/gate"
)

// Verdict is the word of an outcome.
type Verdict string

// Enum lists the words.
func (Verdict) Enum() []string { return []string{"passed", "unknown", "failed"} }

// CheckDoc is the answer of check, and, as Wait, that of wait.
type CheckDoc struct {
	Head
	TookSeconds Seconds         `json:"tookSeconds" doc:"how long the pass took"`
	Verdict     Verdict         `json:"verdict" doc:"what it comes to"`
	ExitCode    int             `json:"exitCode" doc:"how the command ends"`
	Headline    string          `json:"headline" doc:"a word of its own where there is one: all down, known but empty, no such service"`
	Counts      Counts          `json:"counts" doc:"how many there are of what"`
	Items       Items[Instance] `json:"items" doc:"every instance, sorted by key"`
	Services    []Service       `json:"services" doc:"every service, sorted by key"`
	Roots       []Root          `json:"roots" doc:"causes, worst first, each with the services that wait for it"`
	Queries     []asked.Query   `json:"queries" doc:"the expressions that were asked, in the order of the command line"`
	Findings    []Finding       `json:"findings" doc:"what the verdict rests on, worst first"`
	Ignored     []Ignored       `json:"ignored" doc:"what was not held against the fleet"`
	Sources     []Source        `json:"sources" doc:"the registries, in the order of configuration"`
	Warnings    []Warning       `json:"warnings" doc:"cycles, ambiguous dependencies"`
	Errors      []Error         `json:"errors" doc:"registries that did not answer"`
	Wait        *Waited         `json:"wait" doc:"what was waited for; null where nothing was"`
}

// Split is described at Document.
func (d CheckDoc) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = Items[Instance]{}
	return d, items
}

// Root is a cause with those that wait for it.
type Root struct {
	Ref
	Cycle   []Ref `json:"cycle" doc:"the members, where the cause is several services that depend on each other"`
	Victims []Ref `json:"victims" doc:"services that wait for it, each under its nearest cause only"`
}

// Finding is one thing a verdict rests on.
type Finding struct {
	Ref
	Instance string  `json:"instance" doc:"empty for a finding about a service or a registry"`
	Outcome  Verdict `json:"outcome" doc:"what it comes to"`
	Reason   string  `json:"reason" doc:"one word of a closed list"`
	Text     string  `json:"text" doc:"one line for people"`
	Hint     string  `json:"hint" doc:"what to do next, or empty"`

	Query string       `json:"query" doc:"the expression that it comes from; empty for one about statuses"`
	Value *asked.Value `json:"value" doc:"the element of the expression's answer that it is about; null where it is about the whole"`
}

// Ignored is an instance whose state was not held against the fleet.
type Ignored struct {
	Ref
	Instance string `json:"instance" doc:"empty for a whole service"`
	Reason   string `json:"reason" doc:"what the person who ignores it wrote"`
}

// Waited is what wait waited for.
type Waited struct {
	For              string   `json:"for" doc:"the word that was waited for; empty where only queries were"`
	ForQueries       []string `json:"forQueries" doc:"the expressions that had to hold"`
	FailOnQueries    []string `json:"failOnQueries" doc:"the expressions that would have ended the waiting"`
	Done             bool     `json:"done" doc:"it came to an end before time ran out"`
	HeldSeconds      Seconds  `json:"heldSeconds" doc:"for how long it has held"`
	StableForSeconds Seconds  `json:"stableForSeconds" doc:"for how long it had to hold"`
	Passes           int      `json:"passes" doc:"looks in a row at which it held"`
	WaitedSeconds    Seconds  `json:"waitedSeconds" doc:"time from the start"`
}

// Check is the document of one pass and what a gate says of it. With explain
// every item says how it was asked and why so.
func Check(s *fleet.Snapshot, v gate.Verdict, exitCode int, explain bool) CheckDoc {
	return judged("Check", s, v, exitCode, explain)
}

// Wait is the document of a waiting: the last look and what it came to. A nil
// snapshot, as when nothing answered in time, is an empty fleet.
func Wait(s *fleet.Snapshot, v gate.Verdict, exitCode int, w Waited) CheckDoc {
	d := judged("Wait", s, v, exitCode, false)
	w.ForQueries, w.FailOnQueries = value.Some(w.ForQueries), value.Some(w.FailOnQueries)
	d.Wait = &w
	return d
}

func judged(kind string, s *fleet.Snapshot, v gate.Verdict, exitCode int, explain bool) CheckDoc {
	if s == nil {
		s = &fleet.Snapshot{}
	}
	d := CheckDoc{
		Head: HeadOf(kind, s.Context, s.At), TookSeconds: SecondsOf(s.Took), Verdict: Verdict(v.Outcome.String()), ExitCode: exitCode,
		Headline: v.Headline, Counts: counts(s), Items: instances(s, explain), Services: make([]Service, len(s.Services)),
		Roots: make([]Root, len(s.Roots)), Findings: make([]Finding, len(v.Findings)), Ignored: make([]Ignored, len(v.Ignored)),
		Queries: asked.QueriesOf(v.Queries), Sources: SourcesOf(s), Warnings: WarningsOf(s.Warnings), Errors: Failures(s),
	}
	for i := range s.Services {
		d.Services[i] = service(&s.Services[i])
	}
	for i, r := range s.Roots {
		d.Roots[i] = Root{ref(r.Ref), refs(r.Cycle), refs(r.Victims)}
	}
	for i := range v.Findings {
		d.Findings[i] = finding(&v.Findings[i])
	}
	for i, g := range v.Ignored {
		d.Ignored[i] = Ignored{ref(g.Key.Ref), g.Key.Instance, g.Reason}
	}
	return d
}

func finding(f *gate.Finding) Finding {
	d := Finding{
		Ref: RefOf(f.Key.Ref), Instance: f.Key.Instance, Outcome: Verdict(f.Outcome.String()), Reason: string(f.Reason), Text: f.Text, Hint: f.Hint,
		Value: asked.ValueOf(f.Value),
	}
	if f.Query != nil {
		d.Query = f.Query.Query
	}
	return d
}

// instances are the instances of a snapshot, made one by one.
func instances(s *fleet.Snapshot, explain bool) Items[Instance] {
	return value.ItemsFrom(func(yield func(Instance) bool) {
		var in Instance
		for i := range s.Services {
			for j := range s.Services[i].Instances {
				if in.fill(&s.Services[i].Instances[j], explain); !yield(in) {
					return
				}
			}
		}
	})
}
