package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// Kind is a way for an instance to be unwell.
type Kind string

// The kinds of fault.
const (
	// Errors lets a share of the calls fail. Above 20% the instance's /health
	// fails as well.
	Errors Kind = "errors"
	// Latency delays every answer but those about metrics.
	Latency Kind = "latency"
	// Hang accepts everything and never answers.
	Hang Kind = "hang"
	// Crash closes the listeners. The entry in the registry stays, as if an
	// agent beside the process kept its lease.
	Crash Kind = "crash"
)

// kinds lists them as they are written.
func kinds() []string { return []string{string(Errors), string(Latency), string(Hang), string(Crash)} }

// maxLatency is the longest delay that can be asked for.
const maxLatency = time.Minute

// Fault is something that is made to go wrong.
type Fault struct {
	Service  string
	Instance int // from 1; 0: every instance of the service
	Kind     Kind
	Rate     float64       // Errors: the share that fails, above 0 and at most 1
	Latency  time.Duration // Latency: the delay
}

// String is the fault as ParseFault reads it.
func (f Fault) String() string {
	s := f.Service
	if f.Instance > 0 {
		s += "#" + strconv.Itoa(f.Instance)
	}
	s += ":" + string(f.Kind)
	switch f.Kind {
	case Errors:
		s += "=" + strconv.FormatFloat(f.Rate*100, 'f', -1, 64) + "%"
	case Latency:
		s += "=" + f.Latency.String()
	}
	return s
}

// hits says whether the fault is one of the n-th instance of a service.
func (f Fault) hits(service string, n int) bool {
	return f.Service == service && (f.Instance == 0 || f.Instance == n)
}

const faultHint = "write SERVICE[#N]:KIND, as payment:errors=40%, order#2:latency=800ms, user#1:hang or inventory#1:crash"

// ParseFault reads SERVICE[#N]:KIND[=VALUE]:
//
//	payment:errors=40%   order#2:latency=800ms   user#1:hang   inventory#1:crash
//
// Its errors wrap registry.ErrConfig and carry a hint.
func ParseFault(s string) (Fault, error) {
	target, what, ok := strings.Cut(s, ":")
	if !ok || target == "" || what == "" {
		return Fault{}, registry.Misconfigured("", faultHint, "fault %q: want a service and what is wrong with it", s)
	}
	var f Fault
	if err := f.setTarget(s, target); err != nil {
		return Fault{}, err
	}
	kind, value, valued := strings.Cut(what, "=")
	f.Kind = Kind(kind)
	switch f.Kind {
	case Errors:
		return f, f.setRate(s, value)
	case Latency:
		return f, f.setLatency(s, value)
	case Hang, Crash:
		if valued {
			return Fault{}, registry.Misconfigured("", "write "+target+":"+kind, "fault %q: %s takes no value", s, kind)
		}
		return f, nil
	}
	hint := "there are: errors=40%, latency=800ms, hang, crash"
	if near := registry.Nearest(kind, kinds()); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return Fault{}, registry.Misconfigured("", hint, "fault %q: no fault is called %q", s, kind)
}

// setTarget reads SERVICE[#N].
func (f *Fault) setTarget(s, target string) error {
	name, number, numbered := strings.Cut(target, "#")
	p, ok := partOf(name)
	if !ok {
		return unknownService(s, name)
	}
	f.Service = name
	if !numbered {
		return nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > p.instances {
		return registry.Misconfigured("", fmt.Sprintf("%s has the instances #1 to #%d", name, p.instances), "fault %q: there is no instance %q", s, number)
	}
	f.Instance = n
	return nil
}

// unknownService says what was probably meant: an instance's id is taken for a
// service easily.
func unknownService(s, name string) error {
	var names []string
	for _, p := range plan() {
		names = append(names, p.name)
		for n := 1; n <= p.instances; n++ {
			if name == p.id(n) {
				return registry.Misconfigured("", fmt.Sprintf("did you mean %s#%d?", p.name, n), "fault %q: no service is called %q", s, name)
			}
		}
	}
	hint := "there are: " + strings.Join(names, ", ")
	if near := registry.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return registry.Misconfigured("", hint, "fault %q: no service is called %q", s, name)
}

// setRate reads 40%.
func (f *Fault) setRate(s, value string) error {
	number, percent := strings.CutSuffix(value, "%")
	rate, err := strconv.ParseFloat(number, 64)
	if !percent || err != nil || !(rate > 0 && rate <= 100) {
		return registry.Misconfigured("", "write errors=40%", "fault %q: %q is not a share above 0%% and up to 100%%", s, value)
	}
	f.Rate = rate / 100
	return nil
}

// setLatency reads 800ms.
func (f *Fault) setLatency(s, value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 || d > maxLatency {
		return registry.Misconfigured("", "write latency=800ms", "fault %q: %q is not a delay above 0 and up to %v", s, value, maxLatency)
	}
	f.Latency = d
	return nil
}
