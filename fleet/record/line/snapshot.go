package line

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record/line/figure"
)

// What a snapshot line holds. The names are the format's: they do not change
// when a field in Go does. What is empty is left out, and a list that is there
// and empty is told from none.
type (
	snapshot struct {
		Head
		Took     figure.Seconds `json:"tookSeconds,omitzero"`
		Services []service      `json:"services,omitzero"`
		Sources  []source       `json:"sources,omitzero"`
		Roots    []root         `json:"roots,omitzero"`
		Warnings []warning      `json:"warnings,omitzero"`
		Known    []ref          `json:"known,omitzero"`
		Holds    []held         `json:"holds,omitzero"`
	}

	ref struct {
		Context   string `json:"context,omitzero"`
		Source    string `json:"source,omitzero"`
		Namespace string `json:"namespace,omitzero"`
		Name      string `json:"service,omitzero"`
	}

	key struct {
		ref
		Instance string `json:"instance,omitzero"`
	}

	why struct {
		Reason string `json:"reason,omitzero"`
		Detail string `json:"detail,omitzero"`
	}

	warning struct {
		Where  string `json:"where,omitzero"`
		Detail string `json:"detail,omitzero"`
	}

	service struct {
		ref
		Labels    map[string]string `json:"labels,omitzero"`
		DependsOn []string          `json:"dependsOn,omitzero"`
		Status    status            `json:"status,omitzero"`
		Why       why               `json:"why,omitzero"`
		Serving   int               `json:"serving,omitzero"`
		Instances []instance        `json:"instances,omitzero"`
		BlockedBy []ref             `json:"blockedBy,omitzero"`
		Traffic   *traffic          `json:"traffic,omitzero"`
	}

	source struct {
		Context   string        `json:"context,omitzero"`
		Name      string        `json:"source,omitzero"`
		URL       string        `json:"url,omitzero"`
		AsOf      figure.Moment `json:"asOf,omitzero"`
		Reason    string        `json:"reason,omitzero"`
		Detail    string        `json:"detail,omitzero"`
		Hint      string        `json:"hint,omitzero"`
		Since     figure.Moment `json:"since,omitzero"`
		HasHealth bool          `json:"hasHealth,omitzero"`
		Services  int           `json:"services,omitzero"`
		Instances int           `json:"instances,omitzero"`
		Warnings  []warning     `json:"warnings,omitzero"`
		Vantage   string        `json:"vantage,omitzero"`
	}

	root struct {
		Ref     ref   `json:"root,omitzero"`
		Cycle   []ref `json:"cycle,omitzero"`
		Victims []ref `json:"victims,omitzero"`
	}

	held struct {
		key
		Breaker string `json:"breaker,omitzero"`
		Hold    hold   `json:"hold,omitzero"`
	}
)

// each converts a list, and keeps none apart from an empty one.
func each[A, B any](list []A, one func(*A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, len(list))
	for i := range list {
		out[i] = one(&list[i])
	}
	return out
}

func snapshotOf(p *Pass) snapshot {
	s := p.Snapshot
	return snapshot{
		Head: Head{Kind: KindSnapshot, Context: s.Context, Seq: s.Seq, At: figure.MomentOf(s.At)}, Took: figure.Seconds(s.Took),
		Services: each(s.Services, serviceOf), Sources: each(s.Sources, sourceOf), Roots: each(s.Roots, rootOf), Warnings: each(s.Warnings, warningOf),
		Known: each(p.Known, refOf), Holds: each(p.Holds, heldOf),
	}
}

func (s *snapshot) pass() Pass {
	return Pass{
		Snapshot: &fleet.Snapshot{
			Seq: s.Seq, Context: s.Context, At: s.At.Time(), Took: s.Took.Duration(),
			Services: each(s.Services, (*service).fleet), Sources: each(s.Sources, (*source).fleet),
			Roots: each(s.Roots, (*root).fleet), Warnings: each(s.Warnings, (*warning).fleet),
		},
		Known: each(s.Known, (*ref).fleet), Holds: each(s.Holds, (*held).pass),
	}
}

func serviceOf(v *fleet.ServiceView) service {
	return service{
		ref: ref(v.Ref), Labels: v.Labels, DependsOn: v.DependsOn, Status: status(v.Status), Why: whyOf(v.Why), Serving: v.Serving,
		Instances: each(v.Instances, func(in *fleet.InstanceView) instance { return instanceOf(in, v.Ref) }),
		BlockedBy: each(v.BlockedBy, refOf), Traffic: trafficOf(v.Traffic),
	}
}

func (s *service) fleet() fleet.ServiceView {
	of := s.ref.fleet()
	return fleet.ServiceView{
		Ref: of, Labels: s.Labels, DependsOn: s.DependsOn, Status: fleet.Status(s.Status), Why: s.Why.fleet(), Serving: s.Serving,
		Instances: each(s.Instances, func(in *instance) fleet.InstanceView { return in.fleet(of) }),
		BlockedBy: each(s.BlockedBy, (*ref).fleet), Traffic: s.Traffic.fleet(),
	}
}

func sourceOf(v *fleet.SourceView) source {
	return source{
		Context: v.Context, Name: v.Name, URL: v.URL, AsOf: figure.MomentOf(v.AsOf), Reason: string(v.Reason), Detail: v.Detail, Hint: v.Hint,
		Since: figure.MomentOf(v.Since), HasHealth: v.HasHealth, Services: v.Services, Instances: v.Instances,
		Warnings: each(v.Warnings, warningOf), Vantage: v.Vantage,
	}
}

func (s *source) fleet() fleet.SourceView {
	return fleet.SourceView{
		Context: s.Context, Name: s.Name, URL: s.URL, AsOf: s.AsOf.Time(), Reason: fleet.Reason(s.Reason), Detail: s.Detail, Hint: s.Hint,
		Since: s.Since.Time(), HasHealth: s.HasHealth, Services: s.Services, Instances: s.Instances,
		Warnings: each(s.Warnings, (*warning).fleet), Vantage: s.Vantage,
	}
}

func heldOf(h *Held) held { return held{keyOf(h.Key), h.Breaker, holdOf(&h.Hold)} }

func (h *held) pass() Held {
	return Held{Key: h.key.fleet(), Breaker: h.Breaker, Hold: h.Hold.fleet()}
}

func rootOf(r *fleet.Root) root {
	return root{ref(r.Ref), each(r.Cycle, refOf), each(r.Victims, refOf)}
}

func (r *root) fleet() fleet.Root {
	return fleet.Root{Ref: r.Ref.fleet(), Cycle: each(r.Cycle, (*ref).fleet), Victims: each(r.Victims, (*ref).fleet)}
}

func refOf(r *fleet.Ref) ref    { return ref(*r) }
func (r *ref) fleet() fleet.Ref { return fleet.Ref(*r) }

func keyOf(k fleet.Key) key     { return key{ref(k.Ref), k.Instance} }
func (k *key) fleet() fleet.Key { return fleet.Key{Ref: k.ref.fleet(), Instance: k.Instance} }

func whyOf(w fleet.Why) why    { return why{string(w.Reason), w.Detail} }
func (w why) fleet() fleet.Why { return fleet.Why{Reason: fleet.Reason(w.Reason), Detail: w.Detail} }

func warningOf(w *fleet.Warning) warning { return warning(*w) }
func (w *warning) fleet() fleet.Warning  { return fleet.Warning(*w) }
