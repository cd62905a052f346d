package line

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// What an instance comes to.
type (
	instance struct {
		ID           string            `json:"instance,omitzero"`
		Key          *key              `json:"key,omitzero"` // where it is not the service's and the id
		Addr         string            `json:"address,omitzero"`
		Zone         string            `json:"zone,omitzero"`
		Version      string            `json:"version,omitzero"`
		Weight       int               `json:"weight,omitzero"`
		Claimed      *status           `json:"claimed,omitzero"`
		ClaimNote    string            `json:"claimNote,omitzero"`
		Labels       map[string]string `json:"labels,omitzero"`
		Endpoints    map[string]string `json:"endpoints,omitzero"`
		LastSeen     figure.Moment     `json:"lastSeen,omitzero"`
		Lease        figure.Seconds    `json:"leaseSeconds,omitzero"`
		Status       status            `json:"status,omitzero"`
		Why          why               `json:"why,omitzero"`
		Probes       []result          `json:"probes,omitzero"`
		Breakers     []breaker         `json:"breakers,omitzero"`
		BreakersWhy  why               `json:"breakersWhy,omitzero"`
		BreakersHint string            `json:"breakersHint,omitzero"`
		Scrape       scrape            `json:"scrape,omitzero"`
		Traffic      *traffic          `json:"traffic,omitzero"`
		Attempts     int               `json:"attempts,omitzero"`
		Flaky        bool              `json:"flaky,omitzero"`
		Plan         plan              `json:"plan,omitzero"`
	}

	result struct {
		Target   target         `json:"target,omitzero"`
		Outcome  outcome        `json:"outcome"`
		Reason   string         `json:"reason,omitzero"`
		Detail   string         `json:"detail,omitzero"`
		Code     int            `json:"code,omitzero"`
		At       figure.Moment  `json:"at,omitzero"`
		Took     figure.Seconds `json:"tookSeconds,omitzero"`
		Phases   []phase        `json:"phases,omitzero"`
		Health   verdict        `json:"health,omitzero"`
		Bare     bool           `json:"bare,omitzero"`
		Print    uint64         `json:"print,omitzero"`
		Excerpt  string         `json:"excerpt,omitzero"`
		Answered bool           `json:"answered,omitzero"`
		Attempts int            `json:"attempts,omitzero"`
		Flaky    bool           `json:"flaky,omitzero"`
		Expires  figure.Moment  `json:"expires,omitzero"`
		Skew     figure.Seconds `json:"skewSeconds,omitzero"`
		Trace    []string       `json:"trace,omitzero"`
	}

	target struct {
		Kind    string `json:"kind,omitzero"`
		Network string `json:"network,omitzero"`
		Address string `json:"address,omitzero"`
		Scheme  string `json:"scheme,omitzero"`
		Host    string `json:"host,omitzero"`
		Path    string `json:"path,omitzero"`
		Named   bool   `json:"named,omitzero"`
	}

	phase struct {
		Name string         `json:"phase"`
		Took figure.Seconds `json:"tookSeconds"`
	}

	verdict struct {
		Dialect    string      `json:"dialect,omitzero"`
		Word       word        `json:"word,omitzero"`
		Text       string      `json:"text,omitzero"`
		Detail     string      `json:"detail,omitzero"`
		Draining   bool        `json:"draining,omitzero"`
		Starting   bool        `json:"starting,omitzero"`
		Stale      bool        `json:"stale,omitzero"`
		Unreadable bool        `json:"unreadable,omitzero"`
		Page       bool        `json:"page,omitzero"`
		Lie        bool        `json:"lie,omitzero"`
		Components []component `json:"components,omitzero"`
	}

	component struct {
		Name   string `json:"name,omitzero"`
		Word   word   `json:"word,omitzero"`
		Text   string `json:"text,omitzero"`
		Detail string `json:"detail,omitzero"`
	}

	breaker struct {
		Name        string         `json:"breaker,omitzero"`
		State       breakerState   `json:"state"`
		OneOpen     bool           `json:"oneOpen,omitzero"`
		Word        string         `json:"word,omitzero"`
		Observed    breakerState   `json:"observed,omitzero"`
		Share       figure.Number  `json:"share,omitzero"`
		FailureRate *figure.Number `json:"failureRate,omitzero"` // none where nobody gives one: NaN
		SlowRate    *figure.Number `json:"slowRate,omitzero"`
		Calls       int64          `json:"calls"`
		Rejected    int64          `json:"rejected"`
		Since       figure.Moment  `json:"since,omitzero"`
		Hold        hold           `json:"hold,omitzero"`
		Verbs       []fleet.Verb   `json:"verbs,omitzero"`
		Note        string         `json:"note,omitzero"`
		API         string         `json:"api,omitzero"`
	}

	hold struct {
		By     string        `json:"by,omitzero"`
		Reason string        `json:"reason,omitzero"`
		Change string        `json:"change,omitzero"`
		Until  figure.Moment `json:"until,omitzero"`
	}

	scrape struct {
		URL     string         `json:"url,omitzero"`
		Form    string         `json:"form,omitzero"`
		At      figure.Moment  `json:"at,omitzero"`
		Took    figure.Seconds `json:"tookSeconds,omitzero"`
		Samples int            `json:"samples,omitzero"`
		Dropped int            `json:"dropped,omitzero"`
		Note    string         `json:"note,omitzero"`
		Why     why            `json:"why,omitzero"`
		Hint    string         `json:"hint,omitzero"`
	}

	plan struct {
		Profile     string          `json:"profile,omitzero"`
		Candidates  []target        `json:"candidates,omitzero"`
		Every       bool            `json:"every,omitzero"`
		Credentials bool            `json:"credentials,omitzero"`
		Refused     string          `json:"refused,omitzero"`
		Admin       *administration `json:"admin,omitzero"`
		Metrics     *exposition     `json:"metrics,omitzero"`
		Origins     []origin        `json:"origins,omitzero"`
	}

	administration struct {
		API         string `json:"api,omitzero"`
		Base        string `json:"base,omitzero"`
		Profile     string `json:"profile,omitzero"`
		Credentials bool   `json:"credentials,omitzero"`
		Refused     string `json:"refused,omitzero"`
	}

	exposition struct {
		URLs        []string `json:"urls,omitzero"`
		Named       bool     `json:"named,omitzero"`
		Profile     string   `json:"profile,omitzero"`
		Credentials bool     `json:"credentials,omitzero"`
		Refused     string   `json:"refused,omitzero"`
	}

	origin struct {
		What  string `json:"what,omitzero"`
		Value string `json:"value,omitzero"`
		From  string `json:"from,omitzero"`
	}
)

func instanceOf(v *fleet.InstanceView, of fleet.Ref) instance {
	i := instance{
		ID: v.ID, Addr: v.Addr, Zone: v.Zone, Version: v.Version, Weight: v.Weight, Claimed: (*status)(v.Claimed), ClaimNote: v.ClaimNote,
		Labels: v.Labels, Endpoints: v.Endpoints, LastSeen: figure.MomentOf(v.LastSeen), Lease: figure.Seconds(v.Lease),
		Status: status(v.Status), Why: whyOf(v.Why), Probes: each(v.Probes, resultOf), Breakers: each(v.Breakers, breakerOf),
		BreakersWhy: whyOf(v.BreakersWhy), BreakersHint: v.BreakersHint, Scrape: scrapeOf(&v.Scrape), Traffic: trafficOf(v.Traffic),
		Attempts: v.Attempts, Flaky: v.Flaky, Plan: planOf(&v.Plan),
	}
	if usual := (fleet.Key{Ref: of, Instance: v.ID}); v.Key != usual {
		k := keyOf(v.Key)
		i.Key = &k
	}
	return i
}

func (i *instance) fleet(of fleet.Ref) fleet.InstanceView {
	v := fleet.InstanceView{
		Key: fleet.Key{Ref: of, Instance: i.ID},
		Instance: fleet.Instance{
			ID: i.ID, Addr: i.Addr, Zone: i.Zone, Version: i.Version, Weight: i.Weight, Claimed: (*fleet.Status)(i.Claimed), ClaimNote: i.ClaimNote,
			Labels: i.Labels, Endpoints: i.Endpoints, LastSeen: i.LastSeen.Time(), Lease: i.Lease.Duration(),
		},
		Status: fleet.Status(i.Status), Why: i.Why.fleet(), Probes: each(i.Probes, (*result).probe), Breakers: each(i.Breakers, (*breaker).fleet),
		BreakersWhy: i.BreakersWhy.fleet(), BreakersHint: i.BreakersHint, Scrape: i.Scrape.fleet(), Traffic: i.Traffic.fleet(),
		Attempts: i.Attempts, Flaky: i.Flaky, Plan: i.Plan.fleet(),
	}
	if i.Key != nil {
		v.Key = i.Key.fleet()
	}
	return v
}

func resultOf(r *probe.Result) result {
	return result{
		Target: targetOf(&r.Target), Outcome: outcome(r.Outcome), Reason: string(r.Reason), Detail: r.Detail, Code: r.Code,
		At: figure.MomentOf(r.At), Took: figure.Seconds(r.Took), Phases: each(r.Phases, phaseOf), Health: verdictOf(&r.Health),
		Bare: r.Bare, Print: r.Print, Excerpt: r.Excerpt, Answered: r.Answered, Attempts: r.Attempts, Flaky: r.Flaky,
		Expires: figure.MomentOf(r.Expires), Skew: figure.Seconds(r.Skew), Trace: r.Trace,
	}
}

func (r *result) probe() probe.Result {
	return probe.Result{
		Target: r.Target.probe(), Outcome: probe.Outcome(r.Outcome), Reason: probe.Reason(r.Reason), Detail: r.Detail, Code: r.Code,
		At: r.At.Time(), Took: r.Took.Duration(), Phases: each(r.Phases, (*phase).probe), Health: r.Health.health(),
		Bare: r.Bare, Print: r.Print, Excerpt: r.Excerpt, Answered: r.Answered, Attempts: r.Attempts, Flaky: r.Flaky,
		Expires: r.Expires.Time(), Skew: r.Skew.Duration(), Trace: r.Trace,
	}
}

func targetOf(t *probe.Target) target {
	return target{string(t.Kind), t.Network, t.Address, t.Scheme, t.Host, t.Path, t.Named}
}

func (t *target) probe() probe.Target {
	return probe.Target{Kind: probe.Kind(t.Kind), Network: t.Network, Address: t.Address, Scheme: t.Scheme, Host: t.Host, Path: t.Path, Named: t.Named}
}

func phaseOf(p *probe.Phase) phase  { return phase{p.Name, figure.Seconds(p.Took)} }
func (p *phase) probe() probe.Phase { return probe.Phase{Name: p.Name, Took: p.Took.Duration()} }

func verdictOf(v *health.Verdict) verdict {
	return verdict{
		Dialect: v.Dialect, Word: word(v.Word), Text: v.Text, Detail: v.Detail, Draining: v.Draining, Starting: v.Starting,
		Stale: v.Stale, Unreadable: v.Unreadable, Page: v.Page, Lie: v.Lie, Components: each(v.Components, componentOf),
	}
}

func (v *verdict) health() health.Verdict {
	return health.Verdict{
		Dialect: v.Dialect, Word: health.Word(v.Word), Text: v.Text, Detail: v.Detail, Draining: v.Draining, Starting: v.Starting,
		Stale: v.Stale, Unreadable: v.Unreadable, Page: v.Page, Lie: v.Lie, Components: each(v.Components, (*component).health),
	}
}

func componentOf(c *health.Component) component {
	return component{c.Name, word(c.Word), c.Text, c.Detail}
}

func (c *component) health() health.Component {
	return health.Component{Name: c.Name, Word: health.Word(c.Word), Text: c.Text, Detail: c.Detail}
}

func breakerOf(b *fleet.Breaker) breaker {
	return breaker{
		Name: b.Name, State: breakerState(b.State), OneOpen: b.OneOpen, Word: b.Word, Observed: breakerState(b.Observed), Share: figure.Number(b.Share),
		FailureRate: figure.RateOf(b.FailureRate), SlowRate: figure.RateOf(b.SlowRate), Calls: b.Calls, Rejected: b.Rejected, Since: figure.MomentOf(b.Since),
		Hold: holdOf(&b.Hold), Verbs: b.Verbs, Note: b.Note, API: b.API,
	}
}

func (b *breaker) fleet() fleet.Breaker {
	return fleet.Breaker{
		Name: b.Name, State: fleet.BreakerState(b.State), OneOpen: b.OneOpen, Word: b.Word, Observed: fleet.BreakerState(b.Observed), Share: float64(b.Share),
		FailureRate: b.FailureRate.Rate(), SlowRate: b.SlowRate.Rate(), Calls: b.Calls, Rejected: b.Rejected, Since: b.Since.Time(),
		Hold: b.Hold.fleet(), Verbs: b.Verbs, Note: b.Note, API: b.API,
	}
}

func holdOf(h *fleet.Hold) hold { return hold{h.By, h.Reason, h.Change, figure.MomentOf(h.Until)} }

func (h *hold) fleet() fleet.Hold {
	return fleet.Hold{By: h.By, Reason: h.Reason, Change: h.Change, Until: h.Until.Time()}
}

func scrapeOf(s *fleet.Scrape) scrape {
	return scrape{s.URL, s.Form, figure.MomentOf(s.At), figure.Seconds(s.Took), s.Samples, s.Dropped, s.Note, whyOf(s.Why), s.Hint}
}

func (s *scrape) fleet() fleet.Scrape {
	return fleet.Scrape{
		URL: s.URL, Form: s.Form, At: s.At.Time(), Took: s.Took.Duration(), Samples: s.Samples, Dropped: s.Dropped,
		Note: s.Note, Why: s.Why.fleet(), Hint: s.Hint,
	}
}

func planOf(p *fleet.Plan) plan {
	return plan{
		Profile: p.Profile, Candidates: each(p.Candidates, targetOf), Every: p.Every, Credentials: p.Credentials, Refused: p.Refused,
		Admin: (*administration)(p.Admin), Metrics: (*exposition)(p.Metrics), Origins: each(p.Origins, originOf),
	}
}

func (p *plan) fleet() fleet.Plan {
	return fleet.Plan{
		Profile: p.Profile, Candidates: each(p.Candidates, (*target).probe), Every: p.Every, Credentials: p.Credentials, Refused: p.Refused,
		Admin: (*fleet.Administration)(p.Admin), Metrics: (*fleet.Exposition)(p.Metrics), Origins: each(p.Origins, (*origin).fleet),
	}
}

func originOf(o *fleet.Origin) origin { return origin(*o) }
func (o *origin) fleet() fleet.Origin { return fleet.Origin(*o) }
