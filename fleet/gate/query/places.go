package query

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/metrics"
)

// places finds what labels are about among the instances of a snapshot.
type placed struct {
	services  map[string][]*fleet.ServiceView
	addresses map[string][]fleet.Key // of instances, for labels that name no service
}

func places(s *fleet.Snapshot) *placed {
	p := &placed{services: map[string][]*fleet.ServiceView{}, addresses: map[string][]fleet.Key{}}
	for i := range s.Services {
		v := &s.Services[i]
		p.services[v.Name] = append(p.services[v.Name], v)
		for j := range v.Instances {
			if addr := v.Instances[j].Addr; addr != "" {
				p.addresses[addr] = append(p.addresses[addr], v.Instances[j].Key)
			}
		}
	}
	return p
}

// key is the instance or service that labels are about. Where they say less
// than a key, it is what there is one of; a service that is not in the snapshot
// is named as the labels have it.
func (p *placed) key(l metrics.Labels) fleet.Key {
	name, instance := l.Get(metrics.LabelService), l.Get(metrics.LabelInstance)
	if name == "" {
		if keys := p.addresses[instance]; instance != "" && len(keys) == 1 {
			return keys[0]
		}
		return fleet.Key{}
	}
	said := fleet.Ref{Context: l.Get(metrics.LabelContext), Source: l.Get(metrics.LabelSource), Namespace: l.Get(metrics.LabelNamespace), Name: name}
	var refs []fleet.Ref
	var keys []fleet.Key
	for _, v := range p.services[name] {
		if said.Context != "" && said.Context != v.Context || said.Source != "" && said.Source != v.Source || said.Namespace != "" && said.Namespace != v.Namespace {
			continue
		}
		refs = append(refs, v.Ref)
		for j := range v.Instances {
			if in := &v.Instances[j]; instance != "" && (in.ID == instance || in.Addr == instance) {
				keys = append(keys, in.Key)
			}
		}
	}
	switch {
	case len(keys) == 1:
		return keys[0]
	case len(refs) == 1 && instance == "":
		return fleet.Key{Ref: refs[0]}
	}
	return fleet.Key{Ref: said, Instance: instance}
}
