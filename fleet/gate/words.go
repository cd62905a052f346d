package gate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// Word is what can be waited for. There is no grammar: what is richer is
// PromQL.
type Word string

// The words of --for.
const (
	ForUp      Word = "up"      // enough instances are up
	ForDown    Word = "down"    // every instance is down
	ForGone    Word = "gone"    // no instance is registered any more
	ForDrained Word = "drained" // every instance is out of service by order
	ForCount   Word = "count"   // exactly so many instances are registered: count=3
	ForVersion Word = "version" // all are up at this version: version=2.4.1
)

// Words lists what --for takes, for help, completion and error messages.
func Words() []string { return []string{"up", "down", "gone", "drained", "count=N", "version=V"} }

// Want is a parsed --for with the flags that belong to it.
type Want struct {
	Word         Word
	Count        int
	Version      string
	MinHealthy   Amount // of the instances that are not in maintenance
	MinInstances int    // -1: as many as at the start
	AllowMixed   bool   // version: others may run beside it
	OKIfAbsent   bool   // gone and drained hold for what was never seen
}

// ParseWant reads the word of --for.
func ParseWant(s string) (Want, error) {
	w := Want{MinHealthy: Amount{share: 1, isShare: true}, MinInstances: -1}
	name, value, given := strings.Cut(s, "=")
	w.Word = Word(name)
	switch w.Word {
	case ForUp, ForDown, ForGone, ForDrained:
		if given {
			return w, fmt.Errorf("--for %s takes no value", name)
		}
	case ForCount:
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return w, fmt.Errorf("--for count=%s: want a number of instances, such as count=3", value)
		}
		w.Count = n
	case ForVersion:
		if value == "" {
			return w, fmt.Errorf("--for version: want a version, such as version=2.4.1")
		}
		w.Version = value
	default:
		return w, fmt.Errorf("--for %q: want %s", s, joinOr(Words()))
	}
	return w, nil
}

// String is the word as it is written.
func (w Want) String() string {
	switch w.Word {
	case ForCount:
		return "count=" + strconv.Itoa(w.Count)
	case ForVersion:
		return "version=" + w.Version
	default:
		return string(w.Word)
	}
}

// Waiter evaluates a Want over the snapshots of one command, oldest first. It
// remembers what it has seen, since "gone" holds only for what was there. It
// is for one goroutine.
type Waiter struct {
	Want
	Names []string // services that were named one by one; each must be there

	started bool
	start   map[string]int // instances by service at the first whole look
	seen    map[string]bool
	order   []string // what was seen, as it came
}

// Progress is how far a service is.
type Progress struct {
	Service string
	Have    int // instances that satisfy the word
	Need    int
	Total   int
	Text    string // "3/4 at 2.4.1, 4/4 up"
}

// Eval says whether the word holds in this snapshot: Passed, not yet (Failed),
// or that it cannot be told (Unknown), as when a source does not answer.
func (w *Waiter) Eval(_ context.Context, s *fleet.Snapshot) Finding {
	f, _ := w.Progress(s)
	return f
}

// Progress is Eval with the state of each service.
func (w *Waiter) Progress(s *fleet.Snapshot) (Finding, []Progress) {
	if f, bad := silent(s); bad {
		return f, nil
	}
	w.note(s)
	order, groups := w.groups(s)
	all := Finding{Outcome: Passed}
	var texts []string
	var progress []Progress
	for _, name := range order {
		o, p := w.service(name, groups[name])
		p.Service = name
		progress = append(progress, p)
		all.Outcome = max(all.Outcome, o)
		texts = append(texts, name+": "+p.Text)
	}
	if len(order) == 0 {
		return Finding{Outcome: w.absent(""), Reason: fleet.ReasonNoInstances, Text: "no service matches yet"}, nil
	}
	all.Text = strings.Join(texts, "; ")
	return all, progress
}

// groups are the instances by service, in the order they are told in: what was
// named, what there is, and what there was and has left the snapshot.
func (w *Waiter) groups(s *fleet.Snapshot) (order []string, groups map[string][]*fleet.InstanceView) {
	groups = map[string][]*fleet.InstanceView{}
	add := func(name string) {
		if _, ok := groups[name]; !ok {
			groups[name] = nil
			order = append(order, name)
		}
	}
	for _, name := range w.Names {
		add(name)
	}
	for i := range s.Services {
		v := &s.Services[i]
		add(v.Name)
		for j := range v.Instances {
			groups[v.Name] = append(groups[v.Name], &v.Instances[j])
		}
	}
	for _, name := range w.order {
		add(name)
	}
	return order, groups
}

func silent(s *fleet.Snapshot) (Finding, bool) {
	for i := range s.Sources {
		src := &s.Sources[i]
		if src.Reason != "" {
			return Finding{Outcome: Unknown, Reason: src.Reason, Key: fleet.Key{Ref: fleet.Ref{Source: src.Name}}, Text: "registry " + src.Name + ": " + src.Detail, Hint: src.Hint}, true
		}
	}
	return Finding{}, false
}

func (w *Waiter) note(s *fleet.Snapshot) {
	if w.seen == nil {
		w.seen, w.start = map[string]bool{}, map[string]int{}
	}
	for i := range s.Services {
		v := &s.Services[i]
		if len(v.Instances) > 0 && !w.seen[v.Name] {
			w.seen[v.Name], w.order = true, append(w.order, v.Name)
		}
		if !w.started {
			w.start[v.Name] += len(v.Instances)
		}
	}
	w.started = true
}

// absent is the answer for a service without instances when the word is about
// absence.
func (w *Waiter) absent(name string) Outcome {
	switch w.Word {
	case ForGone, ForDrained:
		if w.seen[name] || w.OKIfAbsent {
			return Passed
		}
		return Unknown
	default:
		return Failed
	}
}

func (w *Waiter) service(name string, in []*fleet.InstanceView) (Outcome, Progress) {
	if len(in) == 0 && w.Word != ForCount {
		o := w.absent(name)
		text := "not there yet"
		switch {
		case o == Passed:
			text = "gone"
		case o == Unknown:
			text = "never seen by this command (--ok-if-absent takes that for gone)"
		case w.seen[name]:
			text = "gone"
		}
		return o, Progress{Text: text}
	}
	switch w.Word {
	case ForUp:
		return w.up(name, in)
	case ForVersion:
		return w.version(name, in)
	case ForCount:
		p := Progress{Have: len(in), Need: w.Count, Total: len(in), Text: fmt.Sprintf("%d of %d instances", len(in), w.Count)}
		return outcome(len(in) == w.Count), p
	case ForGone:
		return Failed, Progress{Total: len(in), Text: fmt.Sprintf("%d still registered", len(in))}
	case ForDown:
		n := count(in, func(v *fleet.InstanceView) bool { return v.Status == fleet.Down })
		return outcome(n == len(in)), Progress{Have: n, Need: len(in), Total: len(in), Text: fmt.Sprintf("%d/%d down", n, len(in))}
	default: // ForDrained
		n := count(in, func(v *fleet.InstanceView) bool { return v.Status == fleet.Maintenance })
		return outcome(n == len(in)), Progress{Have: n, Need: len(in), Total: len(in), Text: fmt.Sprintf("%d/%d drained", n, len(in))}
	}
}

// need is how many must be up, of those that are not taken out on purpose.
func (w *Waiter) need(in []*fleet.InstanceView) (need, total int) {
	total = count(in, func(v *fleet.InstanceView) bool { return v.Status != fleet.Maintenance })
	return max(w.MinHealthy.AtLeast(total), 1), total
}

func (w *Waiter) enough(name string, in []*fleet.InstanceView) bool {
	least := w.MinInstances
	if least < 0 {
		least = w.start[name]
	}
	return len(in) >= least
}

func (w *Waiter) up(name string, in []*fleet.InstanceView) (Outcome, Progress) {
	need, total := w.need(in)
	n := count(in, func(v *fleet.InstanceView) bool { return v.Status == fleet.Up })
	p := Progress{Have: n, Need: need, Total: total, Text: fmt.Sprintf("%d/%d up", n, total)}
	if !w.enough(name, in) {
		p.Text += fmt.Sprintf(", %d instances of %d", len(in), max(w.MinInstances, w.start[name]))
		return Failed, p
	}
	return outcome(n >= need), p
}

func (w *Waiter) version(name string, in []*fleet.InstanceView) (Outcome, Progress) {
	need, total := w.need(in)
	at := count(in, func(v *fleet.InstanceView) bool { return v.Version == w.Version })
	up := count(in, func(v *fleet.InstanceView) bool { return v.Status == fleet.Up })
	both := count(in, func(v *fleet.InstanceView) bool { return v.Status == fleet.Up && v.Version == w.Version })
	p := Progress{Have: both, Need: need, Total: total, Text: fmt.Sprintf("%d/%d at %s, %d/%d up", at, len(in), w.Version, up, total)}
	if at < len(in) && !w.AllowMixed || !w.enough(name, in) {
		return Failed, p
	}
	return outcome(both >= need), p
}

func outcome(holds bool) Outcome {
	if holds {
		return Passed
	}
	return Failed
}

func count(in []*fleet.InstanceView, is func(*fleet.InstanceView) bool) int {
	n := 0
	for _, v := range in {
		if is(v) {
			n++
		}
	}
	return n
}
