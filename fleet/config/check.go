package config

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
	"github.com/midwatch-cli/midwatch/fleet/selection"
)

func badContext(s string) string {
	if s == "none" {
		return "none means no context at all and cannot name one"
	}
	return form.BadName(s)
}

func badMatch(s string) string {
	if _, err := selection.ParsePattern(s); err != nil {
		return "is not a service or a glob"
	}
	return ""
}

func badSocket(s string) string {
	if !strings.HasPrefix(s, "/") {
		return "want the whole path of a socket"
	}
	return ""
}

func badURL(s string) string { return badURLOf(s, "http", "https") }

func badProxy(s string) string { return badURLOf(s, "http", "https", "socks5") }

func badURLOf(s string, schemes ...string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme):
		return "want a URL that starts with " + strings.Join(schemes, ":// or ") + "://"
	case u.User != nil:
		return "credentials in a URL are refused"
	}
	return ""
}

// badHosts wants a CIDR, an address, or a domain suffix.
func badHosts(s string) string {
	if _, err := netip.ParsePrefix(s); err == nil {
		return ""
	}
	if net.ParseIP(s) != nil {
		return ""
	}
	name := strings.TrimPrefix(strings.TrimPrefix(s, "*"), ".")
	if form.BadName(name) != "" || strings.Trim(name, "0123456789.") == "" {
		return "want a CIDR (10.0.0.0/8) or a domain suffix (.shop.internal)"
	}
	return ""
}

// checker looks at what decoding alone cannot see: names that meet, references
// that lead nowhere, values that contradict each other.
type checker struct {
	*form.Decoder
	known Known
}

func (c checker) file(f *File) {
	c.profiles(f.Profiles, nil, "profiles")
	first := map[string]int{}
	for i := range f.Contexts {
		one, at := &f.Contexts[i], form.Index("contexts", i)
		if j, taken := first[one.Name]; taken && one.Name != "" {
			c.Fail(form.Join(at, "name"), fmt.Sprintf("%s is the name of %s too", one.Name, form.Index("contexts", j)), "")
		}
		first[one.Name] = i
		c.profiles(one.Profiles, f.Profiles, form.Join(at, "profiles"))
		c.registries(one.Registries, form.Join(at, "registries"))
		c.reference(one.Prometheus.Profile, f.ProfilesOf(one), form.Join(form.Join(at, "prometheus"), "profile"))
		for j, rule := range one.Services {
			c.reference(rule.Profile, f.ProfilesOf(one), form.Join(form.Index(form.Join(at, "services"), j), "profile"))
		}
	}
}

func (c checker) registries(rs []Registry, at string) {
	first := map[string]int{}
	for i, r := range rs {
		here := form.Index(at, i)
		if r.URL == "" {
			continue
		}
		if j, taken := first[r.Name]; taken {
			c.Fail(here, fmt.Sprintf("%s is the name of %s too", r.Name, form.Index(at, j)), "NAME=URL gives a registry a name of its own")
		}
		first[r.Name] = i
		address := here
		if c.Seen(form.Join(here, "url")) {
			address = form.Join(here, "url")
		}
		if c.known.Schemes != nil && !slices.Contains(c.known.Schemes, schemeOf(r.URL)) {
			c.Fail(address, "unknown kind of registry "+form.Quote(schemeOf(r.URL)), form.DidYouMean(schemeOf(r.URL), c.known.Schemes))
			continue
		}
		if c.known.Registry == nil {
			continue
		}
		for _, fault := range c.known.Registry(r) {
			where := address
			if fault.Key != "" && fault.Key != "url" {
				where = form.Join(here, fault.Key)
			}
			for line := range strings.Lines(fault.Message) {
				c.Fail(where, form.Clean(strings.TrimSpace(line)), form.Clean(fault.Hint))
			}
		}
	}
	if c.Seen(at) && len(rs) == 0 && !c.FailedAt(at) {
		c.Fail(at, "names no registry", "as in - etcd://127.0.0.1:2379")
	}
}

// profiles checks the profiles of one place; outer are those they may extend
// beside each other.
func (c checker) profiles(ps, outer map[string]fleet.Profile, at string) {
	all := map[string]fleet.Profile{}
	maps.Copy(all, outer)
	maps.Copy(all, ps)
	for _, name := range slices.Sorted(maps.Keys(ps)) {
		p, here := ps[name], form.Join(at, name)
		c.reference(p.Extends, all, form.Join(here, "extends"))
		if circle := c.circleOf(name, all); circle != "" {
			c.Fail(form.Join(here, "extends"), "goes round in a circle: "+circle, "")
		}
		if api := p.Breakers.API; api != "" && c.known.APIs != nil && !slices.Contains(c.known.APIs, api) {
			c.Fail(form.Join(form.Join(here, "breakers"), "api"), "there is no breaker API "+form.Quote(api), form.DidYouMean(api, c.known.APIs))
		}
		c.contradictions(p, here)
	}
}

// reference checks that a named profile exists.
func (c checker) reference(name string, configured map[string]fleet.Profile, at string) {
	if _, ok := configured[name]; name == "" || ok || c.known.Profiles == nil || slices.Contains(c.known.Profiles, name) {
		return
	}
	names := slices.Sorted(maps.Keys(configured))
	c.Fail(at, "there is no profile "+form.Quote(name), form.DidYouMean(name, append(names, c.known.Profiles...)))
}

// circleOf follows extends from a name until it ends, or comes back to that
// name. A profile that bears the name of a built-in one stands before it, so
// that coming back to such a name means the built-in one.
func (c checker) circleOf(name string, all map[string]fleet.Profile) string {
	way := []string{name}
	for at := name; ; {
		at = all[at].Extends
		_, configured := all[at]
		switch {
		case !configured:
			return ""
		case at == name && !slices.Contains(c.known.Profiles, name) && name == slices.Min(way):
			return strings.Join(append(way, at), " -> ") // once, at the first of its names
		case slices.Contains(way, at):
			return "" // the built-in one, or a circle further on, reported there
		}
		way = append(way, at)
	}
}

func (c checker) contradictions(p fleet.Profile, at string) {
	c.mapping(p.Breakers, p.Extends, form.Join(at, "breakers"))
	a := p.Auth
	ways := []string{}
	for _, way := range []struct {
		name string
		set  bool
	}{{"basic", a.BasicUser != "" || !a.BasicPassword.IsZero()}, {"bearer", !a.Bearer.IsZero()}, {"oauth2", a.OAuth2 != nil}} {
		if way.set {
			ways = append(ways, way.name)
		}
	}
	if len(ways) > 1 {
		c.Fail(form.Join(at, "auth"), "has "+strings.Join(ways, " and "), "one way to prove who we are is all there can be")
	}
	if _, ok := p.Headers["Authorization"]; ok && len(ways) > 0 {
		c.Fail(form.Join(at, "auth"), "has "+ways[0]+", and headers has Authorization", "they are the same header")
	}
	switch {
	case p.TLS.Cert != "" && p.TLS.Key == "":
		c.Fail(form.Join(form.Join(at, "tls"), "cert"), "has no key beside it", "")
	case p.TLS.Cert == "" && p.TLS.Key != "":
		c.Fail(form.Join(form.Join(at, "tls"), "key"), "has no cert beside it", "")
	}
	if p.WarnDays > 0 && p.FailDays > p.WarnDays {
		c.Fail(form.Join(at, "failDays"), fmt.Sprintf("%d is more than warnDays (%d): the failure would come before the warning", p.FailDays, p.WarnDays), "")
	}
}

// mapping checks what breakers says of a mapping: where decoding went well, by
// what its adapter knows.
func (c checker) mapping(b fleet.BreakerAPI, extends, at string) {
	here := form.Join(at, "mapping")
	switch {
	case b.Mapping == nil && b.API == "mapping" && extends == "":
		c.Fail(form.Join(at, "api"), "has no mapping beside it", "")
	case b.Mapping != nil && b.API != "mapping" && (b.API != "" || extends == ""):
		c.Fail(here, "is for api: mapping only", "")
	case b.Mapping != nil && c.known.Mapping != nil && !c.FailedAt(here):
		for _, fault := range c.known.Mapping(b.Mapping) {
			c.Fail(here+"."+fault.Key, form.Clean(fault.Message), form.Clean(fault.Hint))
		}
	}
}
