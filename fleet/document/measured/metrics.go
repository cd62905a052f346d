package measured

import (
	"iter"
	"math"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

// MetricsDoc is the answer of metrics.
type MetricsDoc struct {
	document.Head
	From               string              `json:"from" doc:"who answered: instances, or the URL of a Prometheus server"`
	By                 By                  `json:"by" doc:"what an item is about"`
	WindowSeconds      document.Seconds    `json:"windowSeconds" doc:"over how long the numbers are: from the first reading to the last; of a server, the time that was asked for"`
	HistoryStepSeconds *document.Seconds   `json:"historyStepSeconds" doc:"between the rates of a history; null where none was asked for"`
	ExitCode           int                 `json:"exitCode" doc:"how the command ends"`
	Counts             MetricsCounts       `json:"counts" doc:"how many there are of what"`
	Items              document.Items[Row] `json:"items" doc:"every service, or every instance, sorted by key"`
	Sources            []document.Source   `json:"sources" doc:"the registries, in the order of configuration"`
	Warnings           []document.Warning  `json:"warnings" doc:"what may be wrong with the numbers"`
	Errors             []document.Error    `json:"errors" doc:"registries that did not answer, and instances whose metrics could not be read"`
}

// Split is described at document.Document.
func (d MetricsDoc) Split() (any, iter.Seq[any]) {
	items := d.Items.Any()
	d.Items = document.Items[Row]{}
	return d, items
}

// By is what a row is about.
type By string

// Enum lists the words.
func (By) Enum() []string { return []string{"service", "instance"} }

// MetricsCounts is how many there are of what.
type MetricsCounts struct {
	Items     int `json:"items" doc:"rows that follow"`
	Measured  int `json:"measured" doc:"of them, those with a rate"`
	Instances int `json:"instances" doc:"instances that were selected"`
	Read      int `json:"read" doc:"instances whose metrics were read last"`
	Unread    int `json:"unread" doc:"instances whose metrics could not be read"`
}

// Numbers are rate, errors and durations. Each is null where nobody gives one;
// why says why.
type Numbers struct {
	Requests         *float64          `json:"requests" doc:"calls in the window; null for n/a"`
	Rate             *float64          `json:"rate" doc:"calls per second; null for n/a"`
	ErrorRatio       *float64          `json:"errorRatio" doc:"share of the calls that failed, 0 to 1; null for n/a"`
	ClientErrorRatio *float64          `json:"clientErrorRatio" doc:"share of the calls that were the caller's fault (4xx), 0 to 1; null for n/a"`
	P50Seconds       *float64          `json:"p50Seconds" doc:"half of the calls took no longer; null for n/a"`
	P95Seconds       *float64          `json:"p95Seconds" doc:"19 of 20 calls took no longer; null for n/a"`
	P99Seconds       *float64          `json:"p99Seconds" doc:"99 of 100 calls took no longer; null for n/a"`
	MeanSeconds      *float64          `json:"meanSeconds" doc:"how long a call took on average; null for n/a"`
	MaxSeconds       *float64          `json:"maxSeconds" doc:"how long the longest call took; null for n/a"`
	Why              map[string]string `json:"why" doc:"for each of these that is null, why"`
	AtLeast          []string          `json:"atLeast" doc:"names of those that are lower bounds: the highest bound of the histogram was exceeded"`
	Approximate      map[string]string `json:"approximate" doc:"for each of those that is less than exact, in which way"`
}

// Signature is a convention that numbers were found by.
type Signature struct {
	Signature string   `json:"signature" doc:"its name"`
	Families  []string `json:"families" doc:"the families that were read, as the page spells them"`
}

// RowView is another way to look at the same calls.
type RowView struct {
	View      string `json:"view" doc:"upstream, frontend"`
	Of        string `json:"of" doc:"what to or from, such as a proxy's cluster; empty where there is one"`
	Signature string `json:"signature" doc:"the convention it was found by"`
	Numbers
}

// Saturation is how loaded processes are: of a service the sum of its instances,
// of shares the worst.
type Saturation struct {
	CPUCores      *float64          `json:"cpuCores" doc:"processors in use; null for n/a"`
	MemoryBytes   *float64          `json:"memoryBytes" doc:"resident; null for n/a"`
	HeapBytes     *float64          `json:"heapBytes" doc:"in use; null for n/a"`
	HeapRatio     *float64          `json:"heapRatio" doc:"in use of its limit, 0 to 1; null for n/a"`
	Goroutines    *float64          `json:"goroutines" doc:"of Go; null for n/a"`
	Threads       *float64          `json:"threads" doc:"of the system; null for n/a"`
	OpenFileRatio *float64          `json:"openFileRatio" doc:"file descriptors in use of the limit, 0 to 1; null for n/a"`
	Pools         []Pool            `json:"pools" doc:"pools of connections or threads"`
	Why           map[string]string `json:"why" doc:"for each of these that is null, why"`
}

// Pool is a pool of connections or threads.
type Pool struct {
	Kind    string   `json:"kind" doc:"hikaricp, tomcat, ..."`
	Pool    string   `json:"pool" doc:"its name; empty where there is one"`
	Busy    *float64 `json:"busy" doc:"in use; null for n/a"`
	Most    *float64 `json:"most" doc:"that there may be; null for n/a"`
	Ratio   *float64 `json:"ratio" doc:"in use of those there may be, 0 to 1; null for n/a"`
	Waiting *float64 `json:"waiting" doc:"that wait for one; null for n/a"`
}

// Row is a service, or an instance, and its numbers.
type Row struct {
	document.Ref
	Instance  string `json:"instance" doc:"its id; empty for a service"`
	Instances int    `json:"instances" doc:"that the numbers are of"`
	Unread    int    `json:"unread" doc:"instances whose metrics could not be read"`
	Numbers
	Signatures []Signature   `json:"signatures" doc:"the conventions that the numbers were found by"`
	Views      []RowView     `json:"views" doc:"other ways to look at the same calls"`
	Saturation Saturation    `json:"saturation" doc:"how loaded the processes are"`
	History    []*float64    `json:"history" doc:"rates, the latest last; null for n/a; empty where none were asked for"`
	First      document.Time `json:"first" doc:"first sample in the window; null where there is none"`
	Last       document.Time `json:"last" doc:"last sample in the window; null where there is none"`
	Restarts   int           `json:"restarts" doc:"of processes, that were seen in the window"`
}

// Measured is what a table of metrics is made from.
type Measured struct {
	Context  string
	From     string // who answered; empty: the instances
	At       time.Time
	By       By
	Window   time.Duration
	Step     time.Duration // of histories; 0: there are none
	Rows     []Line
	Snapshot *fleet.Snapshot // what the registries hold, with the last readings; nil where none was read
	Asked    bool            // the instances were read, and not a server
	Warnings []string
	ExitCode int
}

// Line is one row: whose it is, and what was computed.
type Line struct {
	Key    fleet.Key // Instance is empty for a service
	Unread int
	Row    red.Row
}

// Metrics is the document of a table of metrics.
func Metrics(m Measured) MetricsDoc {
	d := MetricsDoc{
		Head: document.HeadOf("Metrics", m.Context, m.At), From: m.From, By: m.By, WindowSeconds: document.SecondsOf(m.Window), ExitCode: m.ExitCode,
		Sources: []document.Source{}, Warnings: []document.Warning{}, Errors: []document.Error{},
		Items: value.ItemsFrom(func(yield func(Row) bool) {
			for i := range m.Rows {
				if !yield(rowOf(&m.Rows[i])) {
					return
				}
			}
		}),
	}
	if d.From == "" {
		d.From = "instances"
	}
	if m.Step > 0 {
		step := document.SecondsOf(m.Step)
		d.HistoryStepSeconds = &step
	}
	d.Counts.Items = len(m.Rows)
	for i := range m.Rows {
		if m.Rows[i].Row.Rate.OK {
			d.Counts.Measured++
		}
	}
	for _, line := range m.Warnings {
		d.Warnings = append(d.Warnings, document.Warning{Where: "metrics", Detail: line})
	}
	if s := m.Snapshot; s != nil {
		d.Sources, d.Errors = document.SourcesOf(s), document.Failures(s)
		d.Warnings = append(d.Warnings, document.WarningsOf(s.Warnings)...)
		d.Counts.Instances = s.Counts().Instances
		if m.Asked {
			d.Counts.Read, d.Counts.Unread = Scraped(s)
			d.Errors = append(d.Errors, Unread(s)...)
		}
	}
	return d
}

func rowOf(l *Line) Row {
	r := &l.Row
	row := Row{
		Ref: document.RefOf(l.Key.Ref), Instance: l.Key.Instance, Instances: r.Instances, Unread: l.Unread,
		Numbers: numbersOf(&r.Numbers), Saturation: saturationOf(&r.Saturation), Signatures: make([]Signature, len(r.Signatures)),
		Views: make([]RowView, len(r.Views)), History: make([]*float64, len(r.History)),
		First: value.TimeOf(r.First), Last: value.TimeOf(r.Last), Restarts: r.Restarts,
	}
	for i, s := range r.Signatures {
		row.Signatures[i] = Signature{s.Signature, value.Some(s.Families)}
	}
	for i := range r.Views {
		v := &r.Views[i]
		row.Views[i] = RowView{v.Name, v.Of, v.Signature, numbersOf(&v.Numbers)}
	}
	for i := range r.History {
		row.History[i] = known(r.History[i])
	}
	return row
}

// known is a number; nil where there is none.
func known(v red.Value) *float64 {
	if !v.OK || math.IsNaN(v.V) || math.IsInf(v.V, 0) {
		return nil
	}
	return &v.V
}

func numbersOf(n *red.Numbers) Numbers {
	out := Numbers{
		Requests: known(n.Requests), Rate: known(n.Rate), ErrorRatio: known(n.Errors), ClientErrorRatio: known(n.ClientErrors),
		P50Seconds: known(n.P50), P95Seconds: known(n.P95), P99Seconds: known(n.P99), MeanSeconds: known(n.Mean), MaxSeconds: known(n.Max),
		Why: map[string]string{}, AtLeast: []string{}, Approximate: map[string]string{},
	}
	for _, f := range []struct {
		name string
		v    red.Value
	}{
		{"requests", n.Requests},
		{"rate", n.Rate},
		{"errorRatio", n.Errors},
		{"clientErrorRatio", n.ClientErrors},
		{"p50Seconds", n.P50},
		{"p95Seconds", n.P95},
		{"p99Seconds", n.P99},
		{"meanSeconds", n.Mean},
		{"maxSeconds", n.Max},
	} {
		if !f.v.OK {
			out.Why[f.name] = f.v.Why
			continue
		}
		if f.v.Over {
			out.AtLeast = append(out.AtLeast, f.name)
		}
		if f.v.Approx != "" {
			out.Approximate[f.name] = f.v.Approx
		}
	}
	return out
}

func saturationOf(s *red.Saturation) Saturation {
	out := Saturation{
		CPUCores: known(s.CPU), MemoryBytes: known(s.Memory), HeapBytes: known(s.Heap), HeapRatio: known(s.HeapShare),
		Goroutines: known(s.Goroutines), Threads: known(s.Threads), OpenFileRatio: known(s.OpenFiles), Pools: make([]Pool, len(s.Pools)), Why: map[string]string{},
	}
	for name, v := range map[string]red.Value{
		"cpuCores": s.CPU, "memoryBytes": s.Memory, "heapBytes": s.Heap, "heapRatio": s.HeapShare, "goroutines": s.Goroutines, "threads": s.Threads, "openFileRatio": s.OpenFiles,
	} {
		if !v.OK {
			out.Why[name] = v.Why
		}
	}
	for i, p := range s.Pools {
		out.Pools[i] = Pool{p.Kind, p.Name, known(p.Busy), known(p.Max), known(p.Share), known(p.Waiting)}
	}
	return out
}
