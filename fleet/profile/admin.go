package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
)

// adminSite is where breakers are administered, on its way to a base.
type adminSite struct {
	place
	api   string
	named bool   // metadata has it as a URL
	from  string // who said where it is; empty: it is the instance's own address
}

// admin says where the instance's breakers are administered, and by which API;
// nil where nobody names one. What metadata says of the place is held to the
// same policy as addresses are; where it cannot be used the answer is why, not
// another place: an order may be sent there.
func (r *resolving) admin() *fleet.Administration {
	api, from := r.pickAPI()
	if api == "" {
		return nil
	}
	a := &fleet.Administration{API: api, Profile: r.name, Refused: r.refused}
	if a.Refused == "" {
		r.own, _ = parsePlace(r.in.Addr) // whatever host its health is at
		r.own.path = ""
	}
	s := adminSite{place: r.own, api: api}
	if a.Refused == "" {
		a.Refused = r.adminAddress(&s)
	}
	if a.Refused == "" {
		a.Refused = r.adminPort(&s)
	}
	if a.Refused == "" {
		r.adminPath(&s)
		a.Base = r.adminBase(&s)
		a.Credentials = s.socket != "" || strings.HasPrefix(a.Base, "https:") && !r.whole.TLS.Insecure ||
			isLoopback(s.host) || allowed(r.whole.AllowHosts, s.host)
	}
	if !r.x.rules.Terse {
		r.note("breakers", api+choose(a.Base == "", " refused: "+a.Refused, " at "+a.Base), from+choose(s.from == "", "", ", "+s.from))
	}
	return a
}

// pickAPI finds the API.
func (r *resolving) pickAPI() (api, from string) {
	if r.configured.Breakers.API != "" {
		return r.configured.Breakers.API, r.fromConfigured
	}
	if value, from, ok := r.meta("breakers_api"); ok {
		return value, from
	}
	return r.whole.Breakers.API, r.fromBuiltin
}

// adminAddress reads the address that metadata gives, or the driver, and says
// why it must not be asked.
func (r *resolving) adminAddress(s *adminSite) (refused string) {
	text, from, named := r.meta("admin")
	p, err := parsePlace(text)
	switch {
	case named && err == nil && strings.Contains(p.path, "?"):
		return fmt.Sprintf("%s: %q has more than a path", from, withoutSecrets(text))
	case named && err != nil:
		return from + ": " + err.Error()
	case named && p.socket != "" && r.configured.Ports["admin"] != 0:
		return forbidden(s.host) // configuration knows better
	case named:
		s.place, s.named, s.from = p, true, from
	default:
		if p, err = parsePlace(r.in.Endpoints["admin"]); err == nil && p.socket == "" && r.own.socket == "" {
			p.host = r.own.host // its own may be a name of its own network
			s.place, s.from = p, fromRegistry
		}
		return forbidden(s.host)
	}
	speaks, scheme := r.x.schemes(s.api), choose(s.socket != "", "unix", s.scheme)
	switch {
	case speaks != nil && scheme != "" && !slices.Contains(speaks, scheme):
		return fmt.Sprintf("%s: %s is not reached by %s://, but by %s", from, s.api, scheme, strings.Join(speaks, ", "))
	case s.socket != "" && !r.trusted() && s.socket != r.own.socket && !allowedSocket(r.whole.AllowSockets, s.socket):
		return from + " names a socket, " + s.socket + ", which is not in allowSockets"
	case s.socket == "" && !r.trusted() && !strings.EqualFold(s.host, r.own.host) && !allowed(r.whole.AllowHosts, s.host):
		return from + " names another host, " + s.host + ", which is not in allowHosts"
	}
	return forbidden(s.host)
}

// adminPort settles the port: that of the configured profile, of the URL, of
// other metadata, of the built-in profile, the instance's own.
func (r *resolving) adminPort(s *adminSite) (refused string) {
	port, from := r.configured.Ports["admin"], r.fromConfigured
	text, label, ok := r.meta("admin_port")
	switch {
	case port != 0:
	case s.named && (s.port != 0 || s.socket != ""):
		return ""
	case ok:
		var err error
		if port, err = parsePort(text); err != nil {
			return label + ": " + err.Error()
		}
		from = label
	case s.from != "":
		return ""
	default:
		port, from = r.whole.Ports["admin"], r.fromBuiltin
	}
	switch {
	case port == 0:
		return ""
	case s.socket != "":
		return fmt.Sprintf("%s names port %d, and its address is a socket", from, port)
	case !s.named && port != s.port:
		s.scheme = "" // that of another port
	}
	s.port, s.from = port, from
	return ""
}

// adminPath settles the path of the base: that of the URL, or what Spring's
// metadata has in place of /actuator; none where configuration says one.
func (r *resolving) adminPath(s *adminSite) {
	path := s.path
	if base, _, ok := r.meta("base_path"); ok && s.api == "actuator" && !s.named {
		path = base
	}
	path, err := cleanPath(strings.TrimRight(path, "/"))
	if err != nil || strings.Contains(path, "?") || r.whole.Breakers.Path != "" {
		path = ""
	}
	s.path = path
}

// adminBase is the site as a URL, with a scheme that the API speaks.
func (r *resolving) adminBase(s *adminSite) string {
	if s.socket != "" {
		return "unix://" + s.socket
	}
	speaks, scheme := r.x.schemes(s.api), s.scheme
	switch web := webScheme(scheme) != "" || scheme == "" || !s.named; {
	case web && (speaks == nil || slices.Contains(speaks, "http")):
		scheme = choose(r.adminSecure(s), "https", "http")
	case web:
		scheme = speaks[0]
		if at := slices.IndexFunc(speaks, func(s string) bool { return s != "unix" }); at > 0 {
			scheme = speaks[at]
		}
	}
	return scheme + "://" + s.authority() + s.path
}

// adminSecure says whether TLS is spoken there, as for probes.
func (r *resolving) adminSecure(s *adminSite) bool {
	label, _, _ := r.meta("scheme")
	yes, _, _ := r.meta("secure")
	driver := s.scheme
	if driver == "" && s.port == r.own.port && r.in.Endpoints["https"] != "" && r.in.Endpoints["http"] == "" {
		driver = "https"
	}
	for _, scheme := range [...]string{
		r.configured.Scheme, choose(s.named, s.scheme, ""), label,
		choose(yes == "true", "https", choose(yes == "false", "http", "")),
		driver, choose(r.configured.TLS.IsZero(), "", "https"), r.whole.Scheme,
	} {
		if scheme = webScheme(scheme); scheme != "" {
			return scheme == "https"
		}
	}
	return s.port == 443 || s.port == 8443
}

// webScheme is http or https for what a service says of TLS; empty for what says
// nothing of it.
func webScheme(scheme string) string {
	switch scheme {
	case "http", "grpc", "h2c":
		return "http"
	case "https", "grpcs":
		return "https"
	}
	return ""
}
