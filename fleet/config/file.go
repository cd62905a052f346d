// Package config reads midwatch.yaml: contexts, profiles, and secrets by
// reference. Reading is strict, every error has its place in the file, and all
// of them are shown at once.
//
// Precedence is flag, environment, file, default. This package has the file,
// and the chosen context (State), package environ what the environment shows
// of registries; the variables that stand for flags belong to cmd:
//
//	MIDWATCH_CONFIG    --config: the file; read here, by Find
//	MIDWATCH_CONTEXT   --context: names, comma separated, or none; read here, by File.Choose
//	MIDWATCH_REGISTRY  --registry: [NAME=]URL, several separated by spaces
//	MIDWATCH_PROMETHEUS --prometheus: URL of a server that answers PromQL
//	MIDWATCH_READ_ONLY --read-only: any layer switches it on, none off
//	MIDWATCH_TIMEOUT, MIDWATCH_PROBE_TIMEOUT, MIDWATCH_INTERVAL, MIDWATCH_PARALLEL,
//	MIDWATCH_OUTPUT, MIDWATCH_COLOR, MIDWATCH_NAMESPACE   the flags of those names
//
// Secrets are references: env:NAME, file:PATH, or a mapping {cmd: [program,
// argument, ...]}, never a shell. A literal where a secret belongs is refused
// without being repeated. Headers may hold plain text, except those whose name
// says that they prove who we are (Authorization, Cookie, X-Auth-Token,
// Api-Key, ...): they are references too.
//
// Relative paths in the file are relative to the file's folder; in the query
// of a registry's URL they are refused.
package config

import (
	"maps"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// Error is wrong configuration, with all that is wrong with it. What else the
// package returns are failures of the machine it runs on.
type Error = form.Error

// Problem is one thing that is wrong.
type Problem = form.Problem

// File is a configuration that was read and found right.
type File struct {
	Path     string // where it was read from; empty where there is no file
	Contexts []Context
	Profiles map[string]fleet.Profile // for all contexts
}

// Context is a named set of registries and how what they hold is asked.
type Context struct {
	Name       string
	Registries []Registry
	Profiles   map[string]fleet.Profile // those of its own; see File.ProfilesOf
	Services   []fleet.ServiceRule
	ReadOnly   bool // every write is refused; no other layer switches it off
	Protected  bool // a write wants the service's name typed
	Write      bool // the dashboard may write from its start
	Prometheus Prometheus
}

// Prometheus is a server that has the metrics of a context; the zero value is
// none.
type Prometheus struct {
	URL     string // what stands before /api/v1; holds no secret
	Profile string // whose credentials, headers, TLS and proxy it is asked with; empty: none
}

// Registry is one source of a context.
type Registry struct {
	Name    string            // the source; the scheme where the file gives no other
	URL     string            // SCHEME://..., without NAME=; holds no secret
	Options map[string]Option // what stands beside the URL, by option name
}

// Option is the value of a registry's option.
type Option struct {
	Text string          // as it may stand in the URL's query; a list is comma separated
	Ref  fleet.SecretRef // the same where it refers to a secret
}

// Values returns the options as registry.Decode takes them: texts, and
// references where a secret is referred to.
func (r Registry) Values() map[string]any {
	values := make(map[string]any, len(r.Options))
	for key, o := range r.Options {
		if o.Ref.IsZero() {
			values[key] = o.Text
		} else {
			values[key] = o.Ref
		}
	}
	return values
}

// Known is what the caller knows and this package may not: it is checked where
// a field is set, and taken as it is where it is nil.
type Known struct {
	Schemes  []string               // of registry URLs
	Profiles []string               // the built-in ones
	APIs     []string               // of breakers
	Registry func(Registry) []Fault // what is wrong with a registry's URL and options

	Mapping func(*fleet.BreakerMapping) []Fault // what is wrong with a mapping of a breaker API
}

// Fault is what Known.Registry and Known.Mapping find.
type Fault struct {
	Key     string // the option; url, or empty for the URL; within a mapping set.trip.path
	Message string // holds no secret
	Hint    string
}

// Context returns the context of that name, nil where there is none.
func (f *File) Context(name string) *Context {
	for i := range f.Contexts {
		if f.Contexts[i].Name == name {
			return &f.Contexts[i]
		}
	}
	return nil
}

// Names returns the contexts' names in the order of the file.
func (f *File) Names() []string {
	names := make([]string, len(f.Contexts))
	for i := range f.Contexts {
		names[i] = f.Contexts[i].Name
	}
	return names
}

// ProfilesOf returns the configured profiles that hold in a context: its own,
// then those for all contexts. A nil context has the latter alone.
func (f *File) ProfilesOf(c *Context) map[string]fleet.Profile {
	all := map[string]fleet.Profile{}
	maps.Copy(all, f.Profiles)
	if c != nil {
		maps.Copy(all, c.Profiles)
	}
	return all
}
