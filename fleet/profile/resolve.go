package profile

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// Where a decision came from, beside profiles and labels.
const (
	fromFlag     = "flag"
	fromRegistry = "registry"
	fromGuess    = "guess"
)

// Resolve says how an instance is asked: what a flag says, else the configured
// profile, else the registry's metadata, else the built-in profile, else a
// guess. Where it must not be asked, Refused says why and there are no
// candidates. What metadata says that cannot be used is an Origin of its own.
func (x *Resolver) Resolve(s *fleet.Service, in *fleet.Instance) fleet.Plan {
	return x.resolve(s, in, false)
}

// ResolveMetrics is Resolve, and says where the page of metrics is too, which
// costs about as much again.
func (x *Resolver) ResolveMetrics(s *fleet.Service, in *fleet.Instance) fleet.Plan {
	return x.resolve(s, in, true)
}

func (x *Resolver) resolve(s *fleet.Service, in *fleet.Instance, metrics bool) (plan fleet.Plan) {
	r := resolving{x: x, s: s, in: in, layers: x.layers[""]}
	if !x.rules.Terse {
		r.origins = make([]fleet.Origin, 0, 5)
	}
	r.pickProfile()
	r.refused = r.pickPlaces()
	plan.Profile, plan.Refused = r.name, r.refused
	kind := probe.Kind("")
	if r.refused == "" {
		kind = r.pickKind()
		port := r.pickPort(kind)
		secure := r.pickScheme(kind, port)
		plan.Candidates = r.candidates(kind, port, secure)
		plan.Every = kind == probe.GRPC && len(plan.Candidates) > 1
		plan.Credentials = r.own.socket != "" || secure && !r.whole.TLS.Insecure ||
			isLoopback(r.own.host) || allowed(r.whole.AllowHosts, r.own.host)
	}
	plan.Admin = r.admin()
	if metrics {
		plan.Metrics = r.metrics(kind)
	}
	plan.Origins = r.origins
	return plan
}

// resolving is one instance on its way to a plan.
type resolving struct {
	x       *Resolver
	s       *fleet.Service
	in      *fleet.Instance
	*layers        // of its profile; those of "" where it has none
	own     place  // the instance's address
	health  place  // where metadata or the driver says its health is, as a URL
	from    string // who said so
	open    bool   // nobody named the protocol: it is guessed too
	refused string
	origins []fleet.Origin
}

func (r *resolving) note(what, value, from string) {
	if r.x.rules.Terse {
		return
	}
	r.origins = append(r.origins, fleet.Origin{What: what, Value: value, From: from})
}

func (r *resolving) meta(key string) (value, from string, ok bool) {
	value, label, ok := lookup(r.s, r.in, key)
	if ok {
		from = "label " + strconv.Quote(label)
	}
	return value, from, ok
}

// trusted says whether the source is the user's own.
func (r *resolving) trusted() bool {
	return r.x.rules.Trusted != nil && r.x.rules.Trusted(r.s.Source)
}

// pickProfile finds the profile of the instance.
func (r *resolving) pickProfile() {
	take := func(name, from string) bool {
		l, ok := r.x.layers[name]
		if ok && name != "" {
			r.layers = l
			r.note("profile", name, from)
		} else if name != "" {
			r.note("profile", name, from+": no such profile, ignored")
		}
		return ok && name != ""
	}
	if take(r.x.rules.Override.Profile, fromFlag) {
		return
	}
	for i, p := range r.x.patterns {
		if rule := r.x.rules.Services[i]; rule.Profile != "" && p.Match(r.s.Ref) != p.Not {
			take(rule.Profile, fmt.Sprintf("services[%d] %q", i, rule.Match))
			return
		}
	}
	if name, from, ok := r.meta("profile"); ok {
		take(name, from)
	}
}

// pickPlaces reads the addresses and holds them to the policy: a registry may
// change port, path and scheme of an instance, never its host, and name no
// socket, unless the source is the user's own or the profile allows it. Some
// addresses are never asked. It returns why the instance must not be asked.
func (r *resolving) pickPlaces() string {
	trusted := r.trusted()
	var err error
	if r.own, err = parsePlace(r.in.Addr); err != nil {
		return "its address: " + err.Error()
	}
	if r.own.socket != "" {
		if !trusted && !allowedSocket(r.whole.AllowSockets, r.own.socket) {
			return "a registry may not name a socket: " + r.own.socket + " is not in allowSockets"
		}
		return ""
	}
	if value, from, ok := r.meta("health_path"); ok && strings.Contains(value, "://") {
		if r.health, err = parsePlace(value); err != nil {
			return from + ": " + err.Error()
		}
		r.from = from
		if !strings.EqualFold(r.health.host, r.own.host) {
			if !trusted && !allowed(r.whole.AllowHosts, r.health.host) {
				return from + " names another host, " + r.health.host + ", which is not in allowHosts"
			}
			r.own.host = r.health.host
		}
	} else if url := r.in.Endpoints["health"]; url != "" {
		if r.health, err = parsePlace(url); err != nil || r.health.socket != "" {
			r.health = place{}
			r.note("health", url, fromRegistry+": not usable, ignored")
		}
		r.from = fromRegistry // its host may be a name of its own network: the instance's address stands
	}
	return forbidden(r.own.host)
}

// pickKind finds the protocol.
func (r *resolving) pickKind() probe.Kind {
	over, c := r.x.rules.Override, &r.configured
	scheme, from, _ := r.meta("scheme")
	kind := probe.HTTP
	switch {
	case over.Probe != "":
		kind, from = over.Probe, fromFlag
	case over.HealthPath != "":
		from = fromFlag
	case c.Probe != "":
		kind, from = c.Probe, r.fromConfigured
	case len(c.HealthPaths) > 0:
		from = r.fromConfigured
	case len(c.GRPCServices) > 0:
		kind, from = probe.GRPC, r.fromConfigured
	case strings.HasPrefix(scheme, "grpc"):
		kind = probe.GRPC
	case strings.HasPrefix(scheme, "http"):
	case strings.HasPrefix(r.own.scheme, "grpc"), r.in.Endpoints["grpc"] != "" && r.in.Endpoints["http"]+r.in.Endpoints["https"] == "":
		kind, from = probe.GRPC, fromRegistry
	case strings.HasPrefix(r.own.scheme, "http"):
		from = fromRegistry
	case r.whole.Probe != "":
		kind, from = r.whole.Probe, r.fromBuiltin
	case r.builtin != "":
		from = r.fromBuiltin
	default:
		from, r.open = fromGuess, true
	}
	r.note("probe", string(kind), from)
	return kind
}

// pickPort finds the port; 0 for a socket.
func (r *resolving) pickPort(kind probe.Kind) int {
	if r.own.socket != "" {
		return 0
	}
	found := func(n int, from string) int {
		r.note("port", strconv.Itoa(n), from)
		return n
	}
	roles, labels := []string{"health"}, []string(nil)
	switch {
	case kind == probe.GRPC:
		roles, labels = []string{"grpc", "health"}, []string{"grpc_port"}
	case kind == probe.HTTP && healthAtAdmin(r.builtin):
		roles, labels = []string{"health", "admin"}, []string{"health_port", "admin_port", "admin"}
	case kind == probe.HTTP:
		roles, labels = []string{"health", "admin"}, []string{"health_port"}
	}
	for _, role := range roles {
		if n := r.configured.Ports[role]; n != 0 {
			return found(n, r.fromConfigured)
		}
	}
	if r.health.port != 0 && r.from != fromRegistry {
		return found(r.health.port, r.from)
	}
	for _, key := range labels {
		if value, from, ok := r.meta(key); ok {
			if n, err := r.labelPort(key, value); err == nil {
				return found(n, from)
			}
			r.note("port", value, from+": not a port of this instance, ignored")
		}
	}
	grpc, err := parsePlace(r.in.Endpoints["grpc"])
	switch {
	case kind == probe.GRPC && err == nil && grpc.port != 0:
		return found(grpc.port, fromRegistry)
	case kind == probe.HTTP && r.health.port != 0:
		return found(r.health.port, fromRegistry)
	case r.own.port != 0:
		return found(r.own.port, fromRegistry)
	}
	return 0 // the scheme's own
}

// labelPort reads a port out of metadata; of an admin URL only that of an HTTP
// server on the instance's own host.
func (r *resolving) labelPort(key, value string) (int, error) {
	if key != "admin" {
		return parsePort(value)
	}
	p, err := parsePlace(value)
	if err == nil && (!strings.HasPrefix(p.scheme, "http") || !strings.EqualFold(p.host, r.own.host) || p.port == 0) {
		err = fmt.Errorf("not an HTTP server of %s", r.own.host)
	}
	return p.port, err
}

// pickScheme says whether TLS is spoken.
func (r *resolving) pickScheme(kind probe.Kind, port int) bool {
	if kind != probe.HTTP && kind != probe.GRPC {
		return kind == probe.TLS
	}
	label, fromLabel, _ := r.meta("scheme")
	yes, fromSecure, _ := r.meta("secure")
	grpc, _ := parsePlace(r.in.Endpoints["grpc"])
	driver := r.own.scheme
	switch {
	case kind == probe.GRPC && grpc.scheme != "":
		driver = grpc.scheme
	case kind == probe.HTTP && r.health.scheme != "":
		driver = r.health.scheme
	case kind == probe.HTTP && driver == "" && r.in.Endpoints["https"] != "" && r.in.Endpoints["http"] == "":
		driver = "https"
	}
	for _, said := range [...]struct{ scheme, from string }{
		{r.configured.Scheme, r.fromConfigured},
		{label, fromLabel},
		{choose(yes == "true", "https", choose(yes == "false", "http", "")), fromSecure},
		{driver, fromRegistry},
		{choose(r.configured.TLS.IsZero(), "", "https"), r.fromConfigured},
		{r.whole.Scheme, r.fromBuiltin},
		{choose(port == 443 || port == 8443, "https", "http"), fromGuess},
	} {
		switch said.scheme {
		case "http", "grpc", "h2c":
			r.note("scheme", said.scheme, said.from)
			return false
		case "https", "grpcs":
			r.note("scheme", said.scheme, said.from)
			return true
		case "":
		default:
			r.note("scheme", said.scheme, said.from+": neither http nor https, ignored")
		}
	}
	return false
}

// choose is yes or no.
func choose[T any](when bool, yes, no T) T {
	if when {
		return yes
	}
	return no
}

// candidates are the questions, in order of preference.
func (r *resolving) candidates(kind probe.Kind, port int, secure bool) []probe.Target {
	base := probe.Target{Kind: kind, Host: r.whole.TLS.ServerName, Named: true}
	if r.own.socket != "" {
		base.Network, base.Address = "unix", r.own.socket
	} else {
		if port == 0 {
			port = choose(secure, 443, 80)
			r.note("port", strconv.Itoa(port), fromGuess)
		}
		base.Address = net.JoinHostPort(r.own.host, strconv.Itoa(port))
	}
	base.Scheme = schemeOf(kind, secure)
	switch kind {
	case probe.GRPC:
		services := r.whole.GRPCServices
		if len(services) == 0 {
			services = []string{""}
		}
		return targets(base, services)
	case probe.HTTP:
		paths, named := r.pickPaths()
		base.Named = named
		all := targets(base, paths)
		if !named && r.open {
			grpc, tcp := base, base
			grpc.Kind, grpc.Scheme = probe.GRPC, schemeOf(probe.GRPC, secure)
			tcp.Kind, tcp.Scheme = probe.TCP, ""
			all = append(all, grpc, tcp)
		}
		return all
	case probe.DNS:
		base.Path = r.own.host
	}
	return []probe.Target{base}
}

// schemeOf words a protocol with or without TLS.
func schemeOf(kind probe.Kind, secure bool) string {
	switch {
	case kind != probe.HTTP && kind != probe.GRPC:
		return ""
	case secure:
		return string(kind) + "s"
	}
	return string(kind)
}

// targets asks one target for several paths.
func targets(base probe.Target, paths []string) []probe.Target {
	all := make([]probe.Target, len(paths))
	for i, p := range paths {
		all[i] = base
		all[i].Path = p
	}
	return all
}

// pickPaths finds the paths, and says whether somebody named them.
func (r *resolving) pickPaths() (paths []string, named bool) {
	base, _, based := r.meta("base_path")
	value, from, ok := r.meta("health_path")
	if based && ok && !strings.HasPrefix(value, "/") {
		value = base + "/" + value // Spring: health.path is below the management path
	}
	clean, err := cleanPath(value)
	if ok && err != nil && !strings.Contains(value, "://") {
		r.note("path", value, from+": not a path, ignored")
	}
	switch {
	case r.x.rules.Override.HealthPath != "":
		paths, from, named = []string{r.x.rules.Override.HealthPath}, fromFlag, true
	case len(r.configured.HealthPaths) > 0:
		paths, from, named = r.configured.HealthPaths, r.fromConfigured, true
	case r.health.path != "":
		paths, from, named = []string{r.health.path}, r.from, true
	case ok && err == nil && !strings.Contains(value, "://"):
		paths, named = []string{clean}, true
	case len(r.whole.HealthPaths) > 0:
		paths, from = r.whole.HealthPaths, r.fromBuiltin
	default:
		paths, from = guesses, fromGuess
	}
	all := make([]string, len(paths))
	for i, p := range paths {
		if clean, err := cleanPath(p); err == nil {
			p = clean
		}
		if rest, actuator := strings.CutPrefix(p, "/actuator"); actuator && based && !named {
			p = "/" + strings.Trim(base, "/") + rest
		}
		all[i] = p
	}
	r.note("path", strings.Join(all, " "), from)
	return all, named
}
