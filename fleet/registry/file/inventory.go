package file

import (
	"fmt"
	"strconv"

	"github.com/midwatch-cli/midwatch/fleet"
)

// inventory reads our own layout:
//
//	services:
//	  - name: payment
//	    namespace: shop
//	    labels: {team: pay}
//	    dependsOn: [ledger]
//	    instances:
//	      - {id: payment-1, address: "10.0.0.1:8080", zone: a, version: 2.4.1, weight: 1, labels: {profile: spring}}
//
// name and address are required; the id is the address where it is not given.
func (r *reader) inventory(doc node) []fleet.Service {
	var services []fleet.Service
	first := map[fleet.Ref]place{}
	given := false
	r.fields(doc, "", map[string]func(node, string){
		"services": func(n node, path string) {
			given = true
			r.each(n, path, func(n node, path string) {
				svc, ok := r.service(n, path)
				if !ok {
					return
				}
				if at, twice := first[svc.Ref]; twice {
					r.failText(n.at, path, fmt.Sprintf("service %q is given twice, first at line %d", svc.Ref, at.line), "put its instances together")
					return
				}
				first[svc.Ref] = n.at
				services = append(services, svc)
			})
		},
	})
	if !given && len(r.problems) == 0 {
		r.failText(doc.at, "", "no services", "an inventory starts with services:; an empty one is written services: []")
	}
	return services
}

// service reads one service.
func (r *reader) service(n node, path string) (fleet.Service, bool) {
	var svc fleet.Service
	before := len(r.problems)
	r.fields(n, path, map[string]func(node, string){
		"name":      r.name(&svc.Name),
		"namespace": r.name(&svc.Namespace),
		"labels":    r.labels(&svc.Labels),
		"dependsOn": r.names(&svc.DependsOn),
		"instances": func(n node, path string) { svc.Instances = r.instances(n, path) },
	})
	if svc.Name == "" && len(r.problems) == before {
		r.failText(n.at, path+".name", "missing", "")
	}
	return svc, len(r.problems) == before
}

// instances reads a service's instances.
func (r *reader) instances(n node, path string) []fleet.Instance {
	var out []fleet.Instance
	first := map[string]place{}
	r.each(n, path, func(n node, path string) {
		in, ok := r.instance(n, path)
		if !ok {
			return
		}
		if at, twice := first[in.ID]; twice {
			r.failText(n.at, path, "instance "+strconv.Quote(in.ID)+" is given twice, first at line "+strconv.Itoa(at.line), "")
			return
		}
		first[in.ID] = n.at
		out = append(out, in)
	})
	return out
}

// instance reads one instance.
func (r *reader) instance(n node, path string) (fleet.Instance, bool) {
	var in fleet.Instance
	before := len(r.problems)
	var at place
	r.fields(n, path, map[string]func(node, string){
		"id":      r.name(&in.ID),
		"address": func(n node, path string) { at = n.at; r.name(&in.Addr)(n, path) },
		"zone":    r.name(&in.Zone),
		"version": r.name(&in.Version),
		"weight":  r.number(&in.Weight),
		"labels":  r.labels(&in.Labels),
	})
	if len(r.problems) > before {
		return in, false
	}
	if in.Addr == "" {
		r.failText(n.at, path+".address", "missing", "")
		return in, false
	}
	if in.ID == "" {
		in.ID = in.Addr
	}
	addr, problem := checkAddress(in.Addr)
	if problem != "" {
		r.failText(at, path+".address", strconv.Quote(in.Addr)+": "+problem, "")
		return in, false
	}
	in.Addr = addr
	return in, true
}
