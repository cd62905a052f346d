// Package environ finds the registries that the environment shows, and writes
// the first configuration file from them.
package environ

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// Candidate is a registry that the environment shows.
type Candidate struct {
	Kind      string // what people call it: consul, etcd, kubernetes
	Variable  string // that shows it
	Shown     string // its address as the variable has it, without secrets
	Registry  config.Registry
	Supported bool     // this version can read it; else Registry is empty
	Unused    []string // variables that would matter and are not honoured
}

// Note is the line that says what is used, and from where.
func (c Candidate) Note() string {
	return "using " + c.Kind + " " + c.Shown + " (from " + c.Variable + ")"
}

// Flag is what to write on a command line to get the same; references, no
// secrets.
func (c Candidate) Flag() string {
	query := url.Values{}
	for key, o := range c.Registry.Options {
		query.Set(key, o.Text)
	}
	line := c.Registry.URL
	if len(query) > 0 {
		// References stay readable: a colon, slash or comma needs no escape in a query.
		line += "?" + strings.NewReplacer("%3A", ":", "%2F", "/", "%2C", ",").Replace(query.Encode())
	}
	return "--registry '" + strings.ReplaceAll(line, "'", "%27") + "'"
}

// sighting is how one variable shows a registry. Without read, it is
// recognised only.
type sighting struct {
	variable, kind string
	read           func(env config.Getenv, value string) (Candidate, string)
}

// sightings is the table of variables that show a registry.
func sightings() []sighting {
	return []sighting{
		{"CONSUL_HTTP_ADDR", "consul", consulFrom},
		{"ETCDCTL_ENDPOINTS", "etcd", etcdFrom},
		{"KUBECONFIG", "kubernetes", nil},
		{"KUBERNETES_SERVICE_HOST", "kubernetes", nil},
		{"NATS_URL", "nats", nil},
	}
}

// Look returns the registries that the environment shows, in a fixed
// order, also those this version cannot read (schemes are the ones it can). A
// variable that holds no address is an *form.Error that does not repeat it.
func Look(env config.Getenv, schemes []string) ([]Candidate, error) {
	var found []Candidate
	var problems []form.Problem
	for _, s := range sightings() {
		value := env(s.variable)
		if value == "" {
			continue
		}
		c := Candidate{}
		if s.read != nil && slices.Contains(schemes, s.kind) {
			var wrong string
			if c, wrong = s.read(env, value); wrong != "" {
				problems = append(problems, form.Problem{Path: s.variable, Message: wrong, Hint: "unset it, or name the registry with --registry"})
				continue
			}
			c.Supported, c.Registry.Name = true, s.kind
		}
		c.Kind, c.Variable = s.kind, s.variable
		found = append(found, c)
	}
	if len(problems) > 0 {
		return nil, &form.Error{Problems: problems}
	}
	return found, nil
}

// Take picks the one candidate this version can read. Two are an *form.Error with
// the lines to copy, none is one with the three ways out.
func Take(found []Candidate) (Candidate, error) {
	var usable []Candidate
	var seen []string
	for _, c := range found {
		if c.Supported {
			usable = append(usable, c)
		} else {
			seen = append(seen, c.Variable+" is set, but this version cannot read "+c.Kind)
		}
	}
	switch len(usable) {
	case 1:
		return usable[0], nil
	case 0:
		message := strings.Join(append([]string{"no registry is named, and the environment shows none"}, seen...), "; ")
		return Candidate{}, form.Wrong("", message,
			"three ways out: --registry etcd://HOST:2379 names one, `midwatch config init` writes a file, `midwatch demo` brings a fleet of its own", nil)
	}
	var from, lines []string
	for _, c := range usable {
		from, lines = append(from, c.Variable), append(lines, c.Flag())
	}
	return Candidate{}, form.Wrong("", "the environment shows "+strconv.Itoa(len(usable))+" registries ("+strings.Join(from, ", ")+") and none is named",
		"choose one:\n  "+strings.Join(lines, "\n  "), nil)
}

// consulFrom reads what Consul's own tools read: HOST:PORT, a URL, or
// unix:///path of a socket.
func consulFrom(env config.Getenv, value string) (Candidate, string) {
	o := options{}
	if path, ok := strings.CutPrefix(value, "unix://"); ok {
		if !strings.HasPrefix(path, "/") || form.HasControl(path) {
			return Candidate{}, "is not the path of a socket"
		}
		return Candidate{Shown: value, Registry: config.Registry{URL: "consul+unix://" + (&url.URL{Path: path}).EscapedPath(), Options: o.consul(env)}}, ""
	}
	u, bad := endpoint(value, "http")
	if bad != "" {
		return Candidate{}, bad
	}
	if ssl, err := strconv.ParseBool(env("CONSUL_HTTP_SSL")); err == nil && ssl {
		u.Scheme = "https"
	}
	if u.Scheme == "https" {
		o.text("tls", "true")
	}
	address := "consul://"
	if user, _, ok := strings.Cut(env("CONSUL_HTTP_AUTH"), ":"); ok && form.BadName(user) == "" {
		address += user + "@"
		o.ref("password", fleet.SecretRef{Env: "CONSUL_HTTP_AUTH"})
	}
	return Candidate{
		Shown: u.Scheme + "://" + u.Host + u.EscapedPath(), Unused: set(env, "CONSUL_CAPATH", "CONSUL_HTTP_SSL_VERIFY"),
		Registry: config.Registry{URL: address + u.Host + u.EscapedPath(), Options: o.consul(env)},
	}, ""
}

// consul adds what stands in the variables beside the address.
func (o options) consul(env config.Getenv) map[string]config.Option {
	if file := env("CONSUL_HTTP_TOKEN_FILE"); file != "" && !form.HasControl(file) {
		o.ref("token", fleet.SecretRef{File: file})
	} else if env("CONSUL_HTTP_TOKEN") != "" {
		o.ref("token", fleet.SecretRef{Env: "CONSUL_HTTP_TOKEN"})
	}
	o.variables(env, "CONSUL_CACERT", "ca", "CONSUL_CLIENT_CERT", "cert", "CONSUL_CLIENT_KEY", "key",
		"CONSUL_TLS_SERVER_NAME", "serverName", "CONSUL_NAMESPACE", "namespace", "CONSUL_PARTITION", "partition")
	return o
}

// etcdFrom reads what etcdctl reads: endpoints, comma separated, with or
// without http:// or https://.
func etcdFrom(env config.Getenv, value string) (Candidate, string) {
	var hosts []string
	scheme := ""
	for part := range strings.SplitSeq(value, ",") {
		u, bad := endpoint(strings.TrimSpace(part), "http")
		switch {
		case bad != "":
			return Candidate{}, bad
		case u.Path != "" && u.Path != "/":
			return Candidate{}, "has a path behind an address"
		case scheme != "" && scheme != u.Scheme:
			return Candidate{}, "mixes http and https"
		}
		scheme, hosts = u.Scheme, append(hosts, u.Host)
	}
	o := options{}
	if scheme == "https" {
		o.text("tls", "true")
	}
	address := "etcd://"
	if user, password, ok := strings.Cut(env("ETCDCTL_USER"), ":"); form.BadName(user) == "" {
		address += user + "@"
		switch {
		case ok && password != "":
			o.ref("password", fleet.SecretRef{Env: "ETCDCTL_USER"})
		case env("ETCDCTL_PASSWORD") != "":
			o.ref("password", fleet.SecretRef{Env: "ETCDCTL_PASSWORD"})
		}
	}
	o.variables(env, "ETCDCTL_CACERT", "ca", "ETCDCTL_CERT", "cert", "ETCDCTL_KEY", "key")
	joined := strings.Join(hosts, ",")
	return Candidate{
		Shown: scheme + "://" + joined, Unused: set(env, "ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "ETCDCTL_DISCOVERY_SRV"),
		Registry: config.Registry{URL: address + joined, Options: o},
	}, ""
}

// endpoint reads HOST:PORT or a URL; it says what is wrong without repeating it.
func endpoint(value, scheme string) (*url.URL, string) {
	if !strings.Contains(value, "://") {
		value = scheme + "://" + value
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || form.HasControl(value) || form.HasControl(u.Host) || u.Scheme != "http" && u.Scheme != "https":
		return nil, "is not an address: want HOST:PORT, http:// or https://"
	case u.User != nil:
		return nil, "holds credentials, which are not taken from an address"
	case u.RawQuery != "" || u.Fragment != "":
		return nil, "has something behind its address"
	}
	if _, err := url.Parse(u.Scheme + "://" + u.Host); err != nil {
		return nil, "has a host that is none" // %25 is a name no longer
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return u, ""
}

// options are gathered for a Registry.
type options map[string]config.Option

func (o options) text(key, value string) { o[key] = config.Option{Text: value} }

func (o options) ref(key string, ref fleet.SecretRef) {
	o[key] = config.Option{Text: ref.String(), Ref: ref}
}

// variables takes pairs of a variable and the option it sets.
func (o options) variables(env config.Getenv, pairs ...string) {
	for pair := range slices.Chunk(pairs, 2) {
		if v := env(pair[0]); v != "" && !form.HasControl(v) {
			o.text(pair[1], v)
		}
	}
}

// set names those of some variables that are set.
func set(env config.Getenv, names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return env(name) == "" })
}
