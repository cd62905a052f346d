package document

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document/jsonschema"
	"github.com/midwatch-cli/midwatch/fleet/document/value"
	"github.com/midwatch-cli/midwatch/probe"
)

// Counts is how many there are of what. The five statuses always add up to
// instances.
type Counts struct {
	Services    int `json:"services" doc:"services"`
	Instances   int `json:"instances" doc:"instances of all services"`
	Up          int `json:"up" doc:"instances that are up"`
	Maintenance int `json:"maintenance" doc:"instances taken out on purpose"`
	Unknown     int `json:"unknown" doc:"instances of which nothing could be found out"`
	Degraded    int `json:"degraded" doc:"instances that serve and are not well"`
	Down        int `json:"down" doc:"instances that are down"`
	Answered    int `json:"answered" doc:"instances from which a reply of any kind came"`
}

func counts(s *fleet.Snapshot) Counts {
	c := s.Counts()
	return Counts{c.Services, c.Instances, c.Up, c.Maintenance, c.Unknown, c.Degraded, c.Down, c.Answered}
}

// Service is a service as it is listed.
type Service struct {
	Ref
	Status    Status            `json:"status" doc:"the worst that can be said of the whole"`
	Up        int               `json:"up" doc:"instances that serve: up or degraded"`
	Total     int               `json:"total" doc:"instances"`
	Why       Why               `json:"why" doc:"why the status is as it is"`
	BlockedBy []Ref             `json:"blockedBy" doc:"the root causes it waits for"`
	DependsOn []string          `json:"dependsOn" doc:"what it needs, as its owner wrote it"`
	Versions  []string          `json:"versions" doc:"versions of its instances"`
	Zones     []string          `json:"zones" doc:"zones of its instances"`
	Labels    map[string]string `json:"labels" doc:"metadata of the registry"`
}

func service(v *fleet.ServiceView) Service {
	s := Service{
		Ref: ref(v.Ref), Status: status(v.Status), Up: v.Serving, Total: len(v.Instances), Why: WhyOf(v.Why),
		BlockedBy: refs(v.BlockedBy), DependsOn: value.Some(v.DependsOn), Labels: value.Pairs(v.Labels),
	}
	s.Versions = distinct(v.Instances, func(in *fleet.InstanceView) string { return in.Version })
	s.Zones = distinct(v.Instances, func(in *fleet.InstanceView) string { return in.Zone })
	return s
}

// distinct gathers a field of instances, sorted, without the empty ones.
func distinct(in []fleet.InstanceView, field func(*fleet.InstanceView) string) []string {
	out := []string{}
	for i := range in {
		if f := field(&in[i]); f != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

// Instance is an instance as it is listed, checked and watched.
type Instance struct {
	Ref
	Instance     string            `json:"instance" doc:"its id, unique within the service"`
	Address      string            `json:"address" doc:"host:port, or the path of a unix socket"`
	Zone         string            `json:"zone" doc:"where it runs, or empty"`
	Version      string            `json:"version" doc:"what it runs, or empty"`
	Weight       int               `json:"weight" doc:"share of the calls; 0 where nobody gave one"`
	Status       Status            `json:"status" doc:"how it is"`
	Claimed      *Status           `json:"claimed" doc:"what the registry says of it; null where it claims nothing"`
	ClaimNote    string            `json:"claimNote" doc:"why the registry says so"`
	Why          Why               `json:"why" doc:"why the status is as it is"`
	Probes       []Probe           `json:"probes" doc:"what was asked of it, the deciding one first"`
	Attempts     int               `json:"attempts" doc:"how often it was asked at most"`
	Flaky        bool              `json:"flaky" doc:"it needed a retry to answer well"`
	Profile      string            `json:"profile" doc:"the profile it was asked by"`
	Plan         []Origin          `json:"plan" doc:"how it was asked and who decided that, where that was to be explained"`
	Labels       map[string]string `json:"labels" doc:"metadata of the registry"`
	Endpoints    map[string]string `json:"endpoints" doc:"further addresses by role"`
	LastSeen     Time              `json:"lastSeen" doc:"last sign of life the registry recorded"`
	LeaseSeconds *Seconds          `json:"leaseSeconds" doc:"what is left of its lease; null where there is none"`
	Breakers     []BreakerInfo     `json:"breakers" doc:"its own circuit breakers, where somebody says how they are read"`
	BreakersWhy  Why               `json:"breakersWhy" doc:"why they could not be read"`
}

// Origin is one decision of how an instance is asked.
type Origin struct {
	What  string `json:"what" doc:"profile, scheme, port, path, probe"`
	Value string `json:"value" doc:"what was decided"`
	From  string `json:"from" doc:"flag, profile, label, built-in or guess"`
}

// instance makes an item. How it was asked, and what was done step by step, is
// part of it only where that is to be explained.
func instance(v *fleet.InstanceView, explain bool) Instance {
	var in Instance
	in.fill(v, explain)
	return in
}

// fill is instance in the room of an item that nobody needs any more.
func (in *Instance) fill(v *fleet.InstanceView, explain bool) {
	probes := slices.Grow(in.Probes[:0], len(v.Probes))[:len(v.Probes)]
	*in = Instance{
		Ref: ref(v.Ref), Instance: v.ID, Address: v.Addr, Zone: v.Zone, Version: v.Version, Weight: v.Weight,
		Status: status(v.Status), ClaimNote: v.ClaimNote, Why: WhyOf(v.Why), Probes: value.Some(probes),
		Attempts: v.Attempts, Flaky: v.Flaky, Profile: v.Plan.Profile, Plan: []Origin{},
		Labels: value.Pairs(v.Labels), Endpoints: value.Pairs(v.Endpoints), LastSeen: value.TimeOf(v.LastSeen),
		Breakers: make([]BreakerInfo, len(v.Breakers)), BreakersWhy: WhyOf(v.BreakersWhy),
	}
	for i := range v.Breakers {
		in.Breakers[i] = infoOf(&v.Breakers[i], fleet.Hold{})
	}
	if v.Claimed != nil {
		c := status(*v.Claimed)
		in.Claimed = &c
	}
	if v.Lease > 0 {
		left := SecondsOf(v.Lease)
		in.LeaseSeconds = &left
	}
	for i := range probes {
		probes[i].fill(&v.Probes[i])
		if explain {
			probes[i].Trace = value.Some(v.Probes[i].Trace)
		}
	}
	if explain {
		for _, o := range v.Plan.Origins {
			in.Plan = append(in.Plan, Origin(o))
		}
	}
}

// Outcome is what a probe came to.
type Outcome string

// Enum lists the words.
func (Outcome) Enum() []string { return []string{"unknown", "pass", "warn", "fail"} }

// Probe is one question and what came of it.
type Probe struct {
	Kind        string   `json:"kind" doc:"http, grpc, tcp, tls, dns"`
	Target      string   `json:"target" doc:"what was asked, as a URL"`
	Outcome     Outcome  `json:"outcome" doc:"what it came to"`
	Reason      string   `json:"reason" doc:"why, one word of a closed list, or empty"`
	Detail      string   `json:"detail" doc:"one line for people"`
	Code        int      `json:"code" doc:"status code of HTTP or gRPC; 0 when there was none"`
	At          Time     `json:"at" doc:"when it was asked"`
	TookSeconds Seconds  `json:"tookSeconds" doc:"whole time, all phases"`
	Phases      Phases   `json:"phases" doc:"time by phase: resolveSeconds, dialSeconds, tlsSeconds, sendSeconds, waitSeconds, bodySeconds"`
	Answered    bool     `json:"answered" doc:"a reply of any kind came"`
	Attempts    int      `json:"attempts" doc:"how often it was asked"`
	Flaky       bool     `json:"flaky" doc:"it took a retry to pass"`
	Health      *Health  `json:"health" doc:"what the answer itself says; null where it says nothing"`
	Excerpt     string   `json:"excerpt" doc:"start of the body"`
	Expires     Time     `json:"expires" doc:"end of the certificate that was shown"`
	SkewSeconds Seconds  `json:"skewSeconds" doc:"the peer's clock against ours; 0 where it gave none"`
	Trace       []string `json:"trace" doc:"what was done, step by step, where that was asked for"`
}

// Phases is time by phase, in the order of the names. In JSON it is an object.
type Phases []PhaseTime

// PhaseTime is how long a phase took.
type PhaseTime struct {
	Name string // dialSeconds, ...
	Took Seconds
}

// MarshalJSON writes an object.
func (p Phases) MarshalJSON() ([]byte, error) { return p.appendJSON(nil), nil }

// JSONSchema is that of an object of durations.
func (Phases) JSONSchema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": jsonschema.Of(reflect.TypeFor[Seconds]())}
}

// of sorts phases, in the room of others; one that was gone through twice is told
// with the sum.
func (p Phases) of(list []probe.Phase) Phases {
	p = slices.Grow(p[:0], len(list))
	for _, phase := range list {
		name := phaseName(phase.Name)
		at, again := slices.BinarySearchFunc(p, name, func(p PhaseTime, name string) int { return strings.Compare(p.Name, name) })
		if again {
			p[at].Took += SecondsOf(phase.Took)
			continue
		}
		p = slices.Insert(p, at, PhaseTime{name, SecondsOf(phase.Took)})
	}
	return p
}

// phaseName is the field of a phase. Those that an HTTP probe has are many.
func phaseName(phase string) string {
	switch phase {
	case "dial":
		return "dialSeconds"
	case "send":
		return "sendSeconds"
	case "wait":
		return "waitSeconds"
	case "body":
		return "bodySeconds"
	}
	return phase + "Seconds"
}

// Health is what a service says of itself.
type Health struct {
	Dialect    string      `json:"dialect" doc:"the form it speaks: spring, ietf, ..."`
	Word       string      `json:"word" doc:"well, warn, ill, unknown or none"`
	Text       string      `json:"text" doc:"the word as it was written"`
	Detail     string      `json:"detail" doc:"one line more"`
	Draining   bool        `json:"draining" doc:"it said that it is leaving"`
	Starting   bool        `json:"starting" doc:"it said that it is not ready yet"`
	Components []Component `json:"components" doc:"its parts, as it reports them"`
}

// Component is one part of a service, as it reports it.
type Component struct {
	Name   string `json:"name" doc:"path of names, outermost first"`
	Word   string `json:"word" doc:"well, warn, ill, unknown or none"`
	Text   string `json:"text" doc:"the word as it was written"`
	Detail string `json:"detail" doc:"one line more"`
}

// fill says what came of one question, in the room of an earlier one.
func (p *Probe) fill(r *probe.Result) {
	phases, said := p.Phases, p.Health
	*p = Probe{
		Kind: string(r.Target.Kind), Target: r.Target.String(), Outcome: Outcome(r.Outcome.String()), Reason: string(r.Reason),
		Detail: r.Detail, Code: r.Code, At: value.TimeOf(r.At), TookSeconds: SecondsOf(r.Took), Phases: phases.of(r.Phases),
		Answered: r.Answered, Attempts: max(r.Attempts, 1), Flaky: r.Flaky, Excerpt: r.Excerpt,
		Expires: value.TimeOf(r.Expires), SkewSeconds: SecondsOf(r.Skew), Trace: []string{},
	}
	if h := &r.Health; h.Dialect != "" {
		if said == nil {
			said = new(Health)
		}
		*said = Health{h.Dialect, h.Word.String(), h.Text, h.Detail, h.Draining, h.Starting, make([]Component, len(h.Components))}
		for i, c := range h.Components {
			said.Components[i] = Component{c.Name, c.Word.String(), c.Text, c.Detail}
		}
		p.Health = said
	}
}

// Source is a registry as it stands in a snapshot.
type Source struct {
	Context    string    `json:"context" doc:"the configured context, or empty"`
	Source     string    `json:"source" doc:"the registry's name in that context"`
	URL        string    `json:"url" doc:"where it is, without secrets"`
	OK         bool      `json:"ok" doc:"its last read went well"`
	Reason     string    `json:"reason" doc:"why its last read failed, or empty"`
	Detail     string    `json:"detail" doc:"one line for people"`
	Hint       string    `json:"hint" doc:"what to do next, or empty"`
	AsOf       Time      `json:"asOf" doc:"the time of the set that is shown"`
	AgeSeconds *Seconds  `json:"ageSeconds" doc:"how old that set is; null where there is none"`
	Since      Time      `json:"since" doc:"first failure of the present outage"`
	HasHealth  bool      `json:"hasHealth" doc:"it claims statuses of its own"`
	Services   int       `json:"services" doc:"services it holds"`
	Instances  int       `json:"instances" doc:"instances it holds"`
	Vantage    string    `json:"vantage" doc:"said where nothing of it answers from here though it calls most well"`
	Warnings   []Warning `json:"warnings" doc:"entries that could not be read, partial answers"`
}

func source(v *fleet.SourceView, at time.Time) Source {
	return Source{
		Context: v.Context, Source: v.Name, URL: v.URL, OK: v.Reason == "", Reason: string(v.Reason), Detail: v.Detail, Hint: v.Hint,
		AsOf: value.TimeOf(v.AsOf), AgeSeconds: age(v.AsOf, at), Since: value.TimeOf(v.Since), HasHealth: v.HasHealth,
		Services: v.Services, Instances: v.Instances, Vantage: v.Vantage, Warnings: WarningsOf(v.Warnings),
	}
}

// age is how long before now something was; nil where it never was.
func age(asOf, now time.Time) *Seconds {
	if asOf.IsZero() || now.IsZero() {
		return nil
	}
	s := SecondsOf(max(now.Sub(asOf), 0))
	return &s
}

// WarningsOf are warnings as documents have them.
func WarningsOf(list []fleet.Warning) []Warning {
	out := make([]Warning, len(list))
	for i, w := range list {
		out[i] = Warning(w)
	}
	return out
}

// SourcesOf are the sources of a snapshot, as they stand.
func SourcesOf(s *fleet.Snapshot) []Source {
	out := make([]Source, len(s.Sources))
	for i := range s.Sources {
		out[i] = source(&s.Sources[i], s.At)
	}
	return out
}

// Failures lists what the sources of a snapshot could not say, for documents
// whose items are not made here.
func Failures(s *fleet.Snapshot) []Error {
	out := []Error{}
	for i := range s.Sources {
		if v := &s.Sources[i]; v.Reason != "" {
			out = append(out, Error{Context: v.Context, Source: v.Name, Reason: string(v.Reason), Detail: v.Detail, Hint: v.Hint, Since: value.TimeOf(v.Since), AgeSeconds: age(v.AsOf, s.At)})
		}
	}
	return out
}
