package config

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
	"github.com/midwatch-cli/midwatch/fleet/config/mapping"
)

// The form of the file, key by key. The help texts are the schema's.

func fileSlot(f *File) form.Slot {
	return form.Object[File]{Dst: f, Fields: []form.Field[File]{
		{Key: "contexts", Help: "the fleets that can be chosen with --context", Slot: func(f *File) form.Slot {
			return form.ListOf(&f.Contexts, contextSlot)
		}},
		{Key: "profiles", Help: "profiles for all contexts", Slot: func(f *File) form.Slot {
			return form.MapOf(&f.Profiles, nameProfile, profileSlot)
		}},
	}}
}

func contextSlot(c *Context) form.Slot {
	return form.Object[Context]{Dst: c, Fields: []form.Field[Context]{
		{Key: "name", Help: "what --context and `context use` call it", Required: true, Slot: func(c *Context) form.Slot {
			return form.Text(&c.Name, form.NamePattern, badContext)
		}},
		{Key: "registries", Help: "where its services are found: URLs, or mappings with url and the driver's options", Required: true, Slot: func(c *Context) form.Slot {
			return form.ListOf(&c.Registries, registrySlot)
		}},
		{Key: "profiles", Help: "profiles of this context; they win over those for all contexts", Slot: func(c *Context) form.Slot {
			return form.MapOf(&c.Profiles, nameProfile, profileSlot)
		}},
		{Key: "services", Help: "which services have which profile and depend on what; the first match counts", Slot: func(c *Context) form.Slot {
			return form.ListOf(&c.Services, ruleSlot)
		}},
		{Key: "readOnly", Help: "refuse every write; nothing else switches it off", Slot: func(c *Context) form.Slot { return form.Flag(&c.ReadOnly) }},
		{Key: "protected", Help: "a write wants the service's name typed", Slot: func(c *Context) form.Slot { return form.Flag(&c.Protected) }},
		{Key: "write", Help: "the dashboard may change things without :write; readOnly wins", Slot: func(c *Context) form.Slot { return form.Flag(&c.Write) }},
		{Key: "prometheus", Help: "a Prometheus server that has this fleet's metrics: its URL, or a mapping with url and profile", Slot: func(c *Context) form.Slot {
			return peer{&c.Prometheus}
		}},
	}}
}

func ruleSlot(r *fleet.ServiceRule) form.Slot {
	return form.Object[fleet.ServiceRule]{Dst: r, Fields: []form.Field[fleet.ServiceRule]{
		{Key: "match", Help: "a service's name or a glob", Required: true, Slot: func(r *fleet.ServiceRule) form.Slot { return form.Text(&r.Match, "", badMatch) }},
		{Key: "profile", Help: "a configured or built-in profile", Slot: func(r *fleet.ServiceRule) form.Slot { return form.Text(&r.Profile, form.NamePattern, form.BadName) }},
		{Key: "dependsOn", Help: "the services it calls", Slot: func(r *fleet.ServiceRule) form.Slot { return form.Texts(&r.DependsOn, nil) }},
	}}
}

func nameProfile(p *fleet.Profile, name string) { p.Name = name }

func profileSlot(p *fleet.Profile) form.Slot {
	return form.Object[fleet.Profile]{Dst: p, Name: "profile", Fields: []form.Field[fleet.Profile]{
		{Key: "extends", Help: "the profile that says what this one does not", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.Extends, form.NamePattern, form.BadName) }},
		{Key: "probe", Help: "the protocol; found out where it is not given", Slot: func(p *fleet.Profile) form.Slot {
			return form.OneWord(&p.Probe, "http", "grpc", "tcp", "tls", "dns")
		}},
		{Key: "scheme", Help: "http or https", Slot: func(p *fleet.Profile) form.Slot { return form.OneWord(&p.Scheme, "http", "https") }},
		{Key: "health", Help: "where health is asked", Slot: group(
			form.Field[fleet.Profile]{Key: "path", Help: "a path, or several in the order they are tried", Slot: func(p *fleet.Profile) form.Slot { return form.Texts(&p.HealthPaths, form.BadPath) }},
		)},
		{Key: "grpc", Help: "how gRPC health is asked", Slot: group(
			form.Field[fleet.Profile]{Key: "services", Help: "the service names to ask; \"*\" is all of them", Slot: func(p *fleet.Profile) form.Slot { return form.Texts(&p.GRPCServices, nil) }},
		)},
		{Key: "metrics", Help: "where metrics are scraped", Slot: group(
			form.Field[fleet.Profile]{Key: "path", Help: "the path", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.MetricsPath, "^/", form.BadPath) }},
		)},
		{Key: "breakers", Help: "where circuit breakers are administered", Slot: group(breakerFields()...)},
		{Key: "ports", Help: "ports by role, where they differ from the service's own", Slot: func(p *fleet.Profile) form.Slot { return ports{&p.Ports} }},
		{Key: "headers", Help: "sent with every probe; those that prove who we are by reference only", Slot: func(p *fleet.Profile) form.Slot { return headers{&p.Headers} }},
		{Key: "tls", Help: "how TLS is spoken", Slot: group(tlsFields()...)},
		{Key: "auth", Help: "who we are: one of basic, bearer and oauth2", Slot: group(authFields()...)},
		{Key: "strict", Help: "a component that is down makes the instance a warning", Slot: func(p *fleet.Profile) form.Slot { return form.Tristate(&p.Strict) }},
		{Key: "slow", Help: "slower answers are warnings", Slot: func(p *fleet.Profile) form.Slot { return form.Duration(&p.Slow) }},
		{Key: "warnDays", Help: "a certificate that ends within so many days is a warning", Slot: func(p *fleet.Profile) form.Slot { return form.Number(&p.WarnDays, 1, 3650) }},
		{Key: "failDays", Help: "a certificate that ends within so many days is a failure", Slot: func(p *fleet.Profile) form.Slot { return form.Number(&p.FailDays, 1, 3650) }},
		{Key: "proxy", Help: "URL of the proxy through which instances are asked", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.Proxy, "", badProxy) }},
		{Key: "allowHosts", Help: "CIDRs and domain suffixes that credentials and metadata may go to", Slot: func(p *fleet.Profile) form.Slot { return form.Texts(&p.AllowHosts, badHosts) }},
		{Key: "allowSockets", Help: "unix sockets that metadata may name", Slot: func(p *fleet.Profile) form.Slot { return form.Texts(&p.AllowSockets, badSocket) }},
	}}
}

// group is a mapping within a profile that is no type of its own.
func group(fields ...form.Field[fleet.Profile]) func(*fleet.Profile) form.Slot {
	return func(p *fleet.Profile) form.Slot { return form.Object[fleet.Profile]{Dst: p, Fields: fields} }
}

func breakerFields() []form.Field[fleet.Profile] {
	return []form.Field[fleet.Profile]{
		{Key: "api", Help: "the admin API: actuator, envoy, haproxy, httpapi, mapping, metrics, springbootadmin", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.Breakers.API, form.NamePattern, form.BadName) }},
		{Key: "path", Help: "its base path", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.Breakers.Path, "^/", form.BadPath) }},
		{Key: "csrf", Help: "how tokens against forged requests (CSRF) are fetched: spring, or the path of a page that holds one", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.Breakers.CSRF, "", nil) }},
		{Key: "mapping", Help: "how an API that exists already is driven, for api: mapping", Slot: func(p *fleet.Profile) form.Slot {
			return form.Optional(&p.Breakers.Mapping, mapping.Slot)
		}},
	}
}

func tlsFields() []form.Field[fleet.Profile] {
	return []form.Field[fleet.Profile]{
		{Key: "ca", Help: "file of the certificates to trust", Slot: func(p *fleet.Profile) form.Slot { return form.FilePath(&p.TLS.CA) }},
		{Key: "cert", Help: "file of the client certificate", Slot: func(p *fleet.Profile) form.Slot { return form.FilePath(&p.TLS.Cert) }},
		{Key: "key", Help: "file of the client certificate's key", Slot: func(p *fleet.Profile) form.Slot { return form.FilePath(&p.TLS.Key) }},
		{Key: "serverName", Help: "name the certificate must be for", Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.TLS.ServerName, "", nil) }},
		{Key: "insecure", Help: "do not verify; answers are then at best a warning", Slot: func(p *fleet.Profile) form.Slot { return form.Flag(&p.TLS.Insecure) }},
	}
}

func authFields() []form.Field[fleet.Profile] {
	return []form.Field[fleet.Profile]{
		{Key: "basic", Help: "user name and password", Slot: group(
			form.Field[fleet.Profile]{Key: "username", Help: "the user", Required: true, Slot: func(p *fleet.Profile) form.Slot { return form.Text(&p.Auth.BasicUser, "", nil) }},
			form.Field[fleet.Profile]{Key: "password", Help: "reference to the password", Required: true, Slot: func(p *fleet.Profile) form.Slot { return secret{&p.Auth.BasicPassword} }},
		)},
		{Key: "bearer", Help: "reference to a bearer token", Slot: func(p *fleet.Profile) form.Slot { return secret{&p.Auth.Bearer} }},
		{Key: "oauth2", Help: "the client credentials flow", Slot: func(p *fleet.Profile) form.Slot {
			return form.Optional(&p.Auth.OAuth2, oauth2Slot)
		}},
	}
}

func oauth2Slot(o *fleet.OAuth2) form.Slot {
	return form.Object[fleet.OAuth2]{Dst: o, Fields: []form.Field[fleet.OAuth2]{
		{Key: "clientId", Help: "the client's id", Required: true, Slot: func(o *fleet.OAuth2) form.Slot { return form.Text(&o.ClientID, "", nil) }},
		{Key: "clientSecret", Help: "reference to the client's secret", Required: true, Slot: func(o *fleet.OAuth2) form.Slot { return secret{&o.ClientSecret} }},
		{Key: "tokenUrl", Help: "where tokens are issued", Required: true, Slot: func(o *fleet.OAuth2) form.Slot { return form.Text(&o.TokenURL, "", badURL) }},
		{Key: "scopes", Help: "scopes to ask for", Slot: func(o *fleet.OAuth2) form.Slot { return form.Texts(&o.Scopes, nil) }},
	}}
}
