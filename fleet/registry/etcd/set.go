package etcd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// maxWarnings bounds what is said of keys that nobody can read: a keyspace that
// is shared with others may be full of them.
const maxWarnings = 50

// set puts the records together: services by name, instances by id.
func (g reading) set() registry.Set {
	keys := slices.Sorted(maps.Keys(g.records))
	services := map[fleet.Ref]*service{}
	var warnings []fleet.Warning
	unsaid := 0
	warn := func(key, detail string) {
		if len(warnings) == maxWarnings {
			unsaid++
			return
		}
		warnings = append(warnings, fleet.Warning{Where: layout.Short(key), Detail: layout.Short(detail)})
	}
	for _, key := range keys {
		rec := g.records[key]
		if rec.err != nil {
			warn(key, rec.err.Error())
			continue
		}
		s := services[rec.entry.Ref]
		if s == nil {
			s = &service{from: map[string]string{}}
			s.Ref = rec.entry.Ref
			services[rec.entry.Ref] = s
		}
		for _, taken := range s.add(rec) {
			warn(key, taken)
		}
	}
	if unsaid > 0 {
		warnings = append(warnings, fleet.Warning{Where: "etcd", Detail: fmt.Sprintf("%d more keys cannot be read: name a prefix in the URL", unsaid)})
	}
	out := registry.Set{Warnings: warnings}
	for _, s := range services {
		slices.SortFunc(s.Instances, func(a, b fleet.Instance) int { return cmp.Compare(a.ID, b.ID) })
		out.Services = append(out.Services, s.Service)
	}
	slices.SortFunc(out.Services, func(a, b fleet.Service) int { return a.Compare(b.Ref) })
	return out
}

// service is a service while it is put together.
type service struct {
	fleet.Service
	from map[string]string // instance id -> the key that gave it
}

// add takes a record in. An id that is there already is not taken twice: the
// problems returned say so.
func (s *service) add(rec record) (problems []string) {
	for _, in := range rec.entry.Instances {
		if first, taken := s.from[in.ID]; taken {
			problems = append(problems, fmt.Sprintf("%s is the instance %s already", first, in.ID))
			continue
		}
		s.from[in.ID] = rec.key
		s.Instances = append(s.Instances, in)
	}
	for _, name := range rec.entry.DependsOn {
		if !slices.Contains(s.DependsOn, name) {
			s.DependsOn = append(s.DependsOn, name)
		}
	}
	return problems
}
