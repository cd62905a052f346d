// Package measured has the documents of what was measured: the answers of query
// and of metrics.
package measured

import (
	"iter"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// QueryDoc is the answer of query. Its items are the elements of the result of
// Prometheus' HTTP API.
type QueryDoc struct {
	document.Head
	Expr             string                `json:"expr" doc:"the expression, in PromQL"`
	From             string                `json:"from" doc:"who answered: instances, or the URL of a Prometheus server"`
	ResultType       ResultType            `json:"resultType" doc:"the word of Prometheus' HTTP API"`
	Start            document.Time         `json:"start" doc:"first instant of a range; null for an instant"`
	End              document.Time         `json:"end" doc:"last instant of a range; null for an instant"`
	StepSeconds      *document.Seconds     `json:"stepSeconds" doc:"between the instants of a range; null for an instant"`
	CollectedSeconds *document.Seconds     `json:"collectedSeconds" doc:"over how long series were gathered before; null where a server has them"`
	ExitCode         int                   `json:"exitCode" doc:"how the command ends"`
	Counts           QueryCounts           `json:"counts" doc:"how many there are of what"`
	Items            document.Items[Found] `json:"items" doc:"the elements of the result, as Prometheus' HTTP API has them; of a scalar or a string, one without labels"`
	Why              document.Why          `json:"why" doc:"why there are no items; empty where there are"`
	Hint             string                `json:"hint" doc:"what to do about that, or empty"`
	Selected         []Selected            `json:"selected" doc:"what each selector of the expression found; empty where nobody could say"`
	Sources          []document.Source     `json:"sources" doc:"the registries, in the order of configuration"`
	Warnings         []document.Warning    `json:"warnings" doc:"what may be wrong with the answer, or with the question"`
	Errors           []document.Error      `json:"errors" doc:"registries that did not answer, and instances whose metrics could not be read"`
}

// Split is described at document.Document.
func (d QueryDoc) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = document.Items[Found]{}
	return d, items
}

// QueryCounts is how many there are of what.
type QueryCounts struct {
	Items   int `json:"items" doc:"series that follow"`
	Samples int `json:"samples" doc:"samples of them, native histograms too"`
	Read    int `json:"read" doc:"instances whose metrics were read last"`
	Unread  int `json:"unread" doc:"instances whose metrics could not be read"`
}

// ResultType is the kind of an answer.
type ResultType string

// Enum lists the words.
func (ResultType) Enum() []string {
	return []string{string(metrics.Vector), string(metrics.Matrix), string(metrics.Scalar), string(metrics.String)}
}

// Selected is what one selector of an expression found.
type Selected struct {
	Selector string              `json:"selector" doc:"as PromQL"`
	Series   int                 `json:"series" doc:"that it matched"`
	Samples  *int                `json:"samples" doc:"of them, that were read; null where the far side does not say"`
	Examples []map[string]string `json:"examples" doc:"labels of a few of the series"`
	Lacks    []string            `json:"lacks" doc:"of series that are computed: who has none, and why"`
}

// Asked is a question with what came of it.
type Asked struct {
	Context  string
	From     string // who answered; empty: the instances
	Question metrics.Question
	Answer   metrics.Answer
	Snapshot *fleet.Snapshot    // the last pass over the instances; nil where none were asked
	Gathered *document.Seconds  // over how long
	Why      fleet.Why          // why there is no answer
	Hint     string             // what to do about that
	Warnings []document.Warning // beside those of the answer
	ExitCode int
}

// Query is the document of an answer.
func Query(a Asked) QueryDoc {
	q, s := &a.Question, a.Snapshot
	d := QueryDoc{
		Head: document.HeadOf("Query", a.Context, q.At), Expr: q.Expr, From: a.From, ResultType: ResultType(a.Answer.Kind), CollectedSeconds: a.Gathered,
		ExitCode: a.ExitCode, Items: found(&a.Answer, q), Why: document.WhyOf(a.Why), Hint: a.Hint, Selected: make([]Selected, len(a.Answer.Selected)),
		Sources: []document.Source{}, Warnings: append([]document.Warning{}, a.Warnings...), Errors: []document.Error{},
	}
	if d.From == "" {
		d.From = "instances"
	}
	if q.Step > 0 {
		step := document.SecondsOf(q.Step)
		d.At, d.Start, d.End, d.StepSeconds = value.TimeOf(q.End), value.TimeOf(q.Start), value.TimeOf(q.End), &step
	}
	for range d.Items.All() {
		d.Counts.Items++
	}
	for i := range a.Answer.Series {
		d.Counts.Samples += len(a.Answer.Series[i].Points) + len(a.Answer.Series[i].Histograms)
	}
	for i, sel := range a.Answer.Selected {
		d.Selected[i] = selected(sel)
	}
	for _, lines := range [][]string{a.Answer.Warnings, a.Answer.Infos} {
		for _, line := range lines {
			d.Warnings = append(d.Warnings, document.Warning{Where: "expr", Detail: line})
		}
	}
	if s != nil {
		d.Sources, d.Errors = document.SourcesOf(s), append(document.Failures(s), Unread(s)...)
		d.Warnings = append(d.Warnings, document.WarningsOf(s.Warnings)...)
		d.Counts.Read, d.Counts.Unread = Scraped(s)
	}
	return d
}

func selected(s metrics.Selected) Selected {
	out := Selected{Selector: s.Selector, Series: s.Series, Examples: make([]map[string]string, len(s.Examples)), Lacks: value.Some(s.Lacks)}
	if s.Samples >= 0 {
		out.Samples = &s.Samples
	}
	for i, labels := range s.Examples {
		out.Examples[i] = pairs(labels)
	}
	return out
}

func pairs(labels metrics.Labels) map[string]string {
	m := make(map[string]string, len(labels))
	for _, l := range labels {
		m[l.Name] = l.Value
	}
	return m
}

// Scraped counts the instances whose metrics were read in a pass, and those whose
// could not be.
func Scraped(s *fleet.Snapshot) (read, unread int) {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			switch in := &s.Services[i].Instances[j]; {
			case in.Scrape.Why.Reason != "":
				unread++
			case !in.Scrape.At.IsZero():
				read++
			}
		}
	}
	return read, unread
}

// Unread are the instances whose metrics could not be read in a pass, as errors.
func Unread(s *fleet.Snapshot) (errs []document.Error) {
	for i := range s.Services {
		for j := range s.Services[i].Instances {
			if in := &s.Services[i].Instances[j]; in.Scrape.Why.Reason != "" {
				errs = append(errs, document.Error{
					Context: in.Context, Source: in.Source, Namespace: in.Namespace, Service: in.Name, Instance: in.Key.Instance,
					Reason: string(in.Scrape.Why.Reason), Detail: in.Scrape.Why.Detail, Hint: in.Scrape.Hint,
				})
			}
		}
	}
	return errs
}
