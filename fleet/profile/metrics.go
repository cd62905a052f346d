package profile

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// metricsGuesses are the paths tried where nobody says anything, the usual one
// first. The last is Spring's own form, where it has no exposition.
var metricsGuesses = []string{"/metrics", "/actuator/prometheus", "/q/metrics", "/stats/prometheus", "/actuator/metrics"}

// metricsOf are the paths of a built-in profile.
func metricsOf(builtin string) []string {
	if builtin == "spring" {
		return []string{"/actuator/prometheus", "/actuator/metrics"}
	}
	return []string{builtins[builtin].MetricsPath}
}

// metricsSite is where a page of metrics is, on its way to its URLs.
type metricsSite struct {
	place
	own        place  // the instance's address
	management int    // the port of what is asked below /actuator and the like; 0: the same
	named      bool   // metadata has it as a URL
	from       string // who said where it is, but for the path; empty: nobody
}

// metrics says where the instance's page of metrics is; nil where it has no
// HTTP port that anybody knows: what speaks gRPC, or is asked by TCP alone, is
// not sent questions of another protocol. What metadata says is held to the
// same policy as addresses are. Kind is how its health is asked.
func (r *resolving) metrics(kind probe.Kind) *fleet.Exposition {
	e := &fleet.Exposition{Profile: r.name, Refused: r.refused}
	var s metricsSite
	if e.Refused == "" {
		s.own, _ = parsePlace(r.in.Addr) // whatever host its health is at
		s.place = place{host: s.own.host}
		e.Refused = r.metricsAddress(&s)
	}
	if e.Refused == "" {
		e.Refused = r.metricsPort(&s, kind)
	}
	if e.Refused == "" && (s.host == "" || s.from == "" && !r.speaksHTTP(kind)) {
		return nil
	}
	from := s.from
	if e.Refused == "" {
		from = r.metricsURLs(&s, e, kind)
	}
	if e.Refused == "" {
		e.Credentials = strings.HasPrefix(e.URLs[0], "https:") && !r.whole.TLS.Insecure || isLoopback(s.host) || allowed(r.whole.AllowHosts, s.host)
	}
	if !r.x.rules.Terse {
		if s.from != "" && s.from != from {
			from += ", " + s.from
		}
		r.note("metrics", choose(e.Refused == "", strings.Join(e.URLs, " "), "refused: "+e.Refused), cmp.Or(from, fromRegistry))
	}
	return e
}

// speaksHTTP says whether the instance's own port, or one of a role, is an HTTP
// server: a port that is asked by TCP only because of its built-in profile is
// one where that has metrics.
func (r *resolving) speaksHTTP(kind probe.Kind) bool {
	return kind == probe.HTTP || kind == r.whole.Probe && r.configured.Probe == "" && r.builtin != ""
}

// metricsAddress reads the URL that metadata gives, or the driver, and says why
// it must not be asked, or does not want to be.
func (r *resolving) metricsAddress(s *metricsSite) (refused string) {
	if value, from, ok := r.meta("scrape"); ok && strings.EqualFold(value, "false") && r.configured.MetricsPath == "" && r.configured.Ports["metrics"] == 0 {
		return from + " is false: it is not to be scraped"
	}
	text, from, ok := r.meta("metrics_path")
	if !ok || !strings.Contains(text, "://") {
		p, err := parsePlace(r.in.Endpoints["metrics"])
		if err == nil && p.socket == "" && s.host != "" {
			p.host = s.host // its own may be a name of its own network
			s.place, s.from = p, fromRegistry
		}
		return forbidden(s.host)
	}
	p, err := parsePlace(text)
	switch {
	case err != nil:
		return from + ": " + err.Error()
	case p.socket != "":
		return from + " names a socket, and metrics are read over HTTP"
	case p.scheme != "http" && p.scheme != "https":
		return fmt.Sprintf("%s: metrics are not read by %s://, but by http, https", from, p.scheme)
	case !r.trusted() && !strings.EqualFold(p.host, s.host) && !allowed(r.whole.AllowHosts, p.host):
		return from + " names another host, " + p.host + ", which is not in allowHosts"
	}
	s.place, s.named, s.from = p, true, from
	return forbidden(p.host)
}

// metricsPort settles the port: that of the configured profile, of the URL, of
// other metadata, of the driver, the instance's own. Stacks that have metrics
// beside their health have them at the port of that.
func (r *resolving) metricsPort(s *metricsSite, kind probe.Kind) (refused string) {
	take := func(port int, from string) string {
		if !s.named && port != s.port {
			s.scheme = "" // that of another port
		}
		s.port, s.from = port, from
		return ""
	}
	beside := healthAtAdmin(r.builtin)
	if n := r.configured.Ports["metrics"]; n != 0 {
		return take(n, r.fromConfigured)
	}
	if n := r.configured.Ports["admin"]; n != 0 && beside {
		return take(n, r.fromConfigured)
	}
	if s.named && s.port != 0 {
		return ""
	}
	if text, from, ok := r.meta("metrics_port"); ok {
		n, err := parsePort(text)
		if err != nil {
			return from + ": " + err.Error()
		}
		return take(n, from)
	}
	if s.from != "" {
		return "" // the URL, or the driver's endpoint
	}
	management, from := r.managementPort()
	if management != 0 && beside {
		return take(management, from)
	}
	if web, err := parsePlace(cmp.Or(r.in.Endpoints["http"], r.in.Endpoints["https"])); err == nil && web.port != 0 && kind != probe.HTTP {
		return take(web.port, fromRegistry)
	}
	s.port, s.management = s.own.port, choose(management == s.own.port, 0, management)
	return ""
}

// managementPort is what metadata calls the port of health and administration,
// where that is an HTTP server.
func (r *resolving) managementPort() (port int, from string) {
	for _, key := range [...]string{"health_port", "admin_port", "admin"} {
		if value, from, ok := r.meta(key); ok {
			if n, err := r.labelPort(key, value); err == nil {
				return n, from
			}
		}
	}
	return 0, ""
}

// metricsURLs settles the paths, and says who said so.
func (r *resolving) metricsURLs(s *metricsSite, e *fleet.Exposition, kind probe.Kind) (from string) {
	label, fromLabel, ok := r.meta("metrics_path")
	named := ""
	switch {
	case r.configured.MetricsPath != "":
		named, from = r.configured.MetricsPath, r.fromConfigured
	case s.path != "":
		named, from = s.path, s.from
	case ok && !s.named:
		named, from = label, fromLabel
	case r.builtin != "":
		e.URLs = r.metricsGuessed(s, metricsOf(r.builtin), kind)
		return r.fromBuiltin
	default:
		e.URLs = r.metricsGuessed(s, metricsGuesses, kind)
		return fromGuess
	}
	path, ok := urlPath(named)
	if !ok {
		e.Refused = fmt.Sprintf("%s: %q is not a path", from, withoutSecrets(named))
		return from
	}
	at := *s
	if s.management != 0 && strings.HasPrefix(path, r.actuator()+"/") {
		at.port, at.scheme = s.management, ""
	}
	e.Named, e.URLs = true, []string{r.metricsRoot(&at, kind) + path}
	return from
}

// metricsGuessed are the URLs of paths that nobody named. What a management port
// is for is there, and not at the service's own.
func (r *resolving) metricsGuessed(s *metricsSite, paths []string, kind probe.Kind) []string {
	base := r.actuator()
	root, beside := r.metricsRoot(s, kind), ""
	if s.management != 0 {
		at := *s
		at.port, at.scheme = s.management, ""
		beside = r.metricsRoot(&at, kind)
	}
	urls := make([]string, 0, len(paths)+1)
	for _, path := range paths {
		if rest, actuator := strings.CutPrefix(path, "/actuator"); actuator {
			path = base + rest
		}
		if beside == "" || path == "/metrics" {
			urls = append(urls, root+path)
		}
		if beside != "" {
			urls = append(urls, beside+path)
		}
	}
	return urls
}

// actuator is where Spring's pages are: below /actuator, or what metadata has in
// place of it.
func (r *resolving) actuator() string {
	if base, _, ok := r.meta("base_path"); ok {
		if path, ok := urlPath(strings.Trim(base, "/")); ok {
			return path
		}
	}
	return "/actuator"
}

// urlPath is a path, perhaps with a query, as a URL takes it.
func urlPath(text string) (path string, ok bool) {
	path, err := cleanPath(text)
	if err != nil {
		return "", false
	}
	_, err = url.Parse(path)
	return path, err == nil
}

// metricsRoot is the site as a URL without its path.
func (r *resolving) metricsRoot(s *metricsSite, kind probe.Kind) string {
	return choose(r.metricsSecure(s, kind), "https", "http") + "://" + s.authority()
}

// metricsSecure says whether TLS is spoken there, as for probes. What metadata
// says of gRPC is of another port.
func (r *resolving) metricsSecure(s *metricsSite, kind probe.Kind) bool {
	own, _, _ := r.meta("metrics_scheme")
	label, _, _ := r.meta("scheme")
	yes, _, _ := r.meta("secure")
	driver := s.scheme
	if s.port == s.own.port && kind != probe.GRPC {
		driver = cmp.Or(driver, s.own.scheme, choose(r.in.Endpoints["https"] != "" && r.in.Endpoints["http"] == "", "https", ""))
	}
	for _, scheme := range [...]string{
		r.configured.Scheme, choose(s.named, s.scheme, ""), own, choose(strings.HasPrefix(label, "grpc"), "", label),
		choose(yes == "true", "https", choose(yes == "false", "http", "")),
		driver, choose(r.configured.TLS.IsZero(), "", "https"), r.whole.Scheme,
	} {
		if scheme = webScheme(scheme); scheme != "" {
			return scheme == "https"
		}
	}
	return s.port == 443 || s.port == 8443
}
