package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/config"
)

// registryOf parses one registry as it stands in a list.
func registryOf(t *testing.T, entry string) (config.Registry, string) {
	t.Helper()
	text := "contexts:\n  - name: a\n    registries:\n      - " + entry + "\n"
	if wrong := said(t, text, config.Known{}); wrong != "" {
		return config.Registry{}, wrong
	}
	f, err := config.Parse("x.yaml", []byte(text), config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	return f.Contexts[0].Registries[0], ""
}

// TestRegistryEntries: every way to write a registry, and what it is called.
func TestRegistryEntries(t *testing.T) {
	for _, c := range []struct {
		entry   string
		name    string
		url     string
		options map[string]any
	}{
		{"etcd://h", "etcd", "etcd://h", nil},
		{"b=etcd://h", "b", "etcd://h", nil},
		{"\"b=etcd://h:1,i:2/p?layout=x\"", "b", "etcd://h:1,i:2/p?layout=x", nil},
		{"{url: 'etcd://h'}", "etcd", "etcd://h", nil},
		{"{url: 'b=etcd://h'}", "b", "etcd://h", nil},
		{"{name: c, url: 'b=etcd://h'}", "c", "etcd://h", nil},
		{"{url: 'b=etcd://h', name: c}", "c", "etcd://h", nil}, // in whatever order
		{"{url: 'consul+unix:///run/c'}", "consul", "consul+unix:///run/c", nil},
		{"{url: 'etcd://h', n: 3, f: 1.50, t: true, w: a b, l: [a, b], one: [a]}", "etcd", "etcd://h", map[string]any{"n": "3", "f": "1.50", "t": "true", "w": "a b", "l": "a,b", "one": "a"}},
		{"{url: 'etcd://h', n: 0x10, d: 2001-01-01, s: '1'}", "etcd", "etcd://h", map[string]any{"n": "0x10", "d": "2001-01-01", "s": "1"}},
		{"{url: 'etcd://h', token: 'env:X'}", "etcd", "etcd://h", map[string]any{"token": fleet.SecretRef{Env: "X"}}},
		{"{url: 'etcd://h', aclToken: {cmd: [a, b]}}", "etcd", "etcd://h", map[string]any{"aclToken": fleet.SecretRef{Cmd: []string{"a", "b"}}}},
		{"{url: 'etcd://h', key: /k.pem}", "etcd", "etcd://h", map[string]any{"key": "/k.pem"}}, // a file, not a secret
	} {
		r, wrong := registryOf(t, c.entry)
		if c.options == nil {
			c.options = map[string]any{}
		}
		if wrong != "" || r.Name != c.name || r.URL != c.url || !reflect.DeepEqual(r.Values(), c.options) {
			t.Errorf("%s: %q %+v %v", c.entry, wrong, r, r.Values())
		}
	}
}

// TestRegistryEntriesRefused: what is said, and that no part of what may be a
// secret is.
func TestRegistryEntriesRefused(t *testing.T) {
	for entry, want := range map[string]string{
		"~":                                    "contexts[0].registries[0]: want a registry's URL, or a mapping with url, not nothing",
		"[a]":                                  "contexts[0].registries[0]: want a registry's URL, or a mapping with url, not a list",
		"3":                                    "contexts[0].registries[0]: want text, not a number (put it in quotes)",
		"{etcd://h:1}":                         "contexts[0].registries[0]: want a registry's URL, or a mapping with url (put the URL in quotes)",
		"{url: ''}":                            "contexts[0].registries[0].url: is empty",
		"{url: [a]}":                           "contexts[0].registries[0].url: want text, not a list",
		"{url: etcd}":                          "contexts[0].registries[0].url: is not a registry's URL: want [NAME=]SCHEME://HOST:PORT",
		"{url: 'a b=etcd://h'}":                "contexts[0].registries[0].url: the name before = is not a name (letters, digits, dots, dashes and underscores, the first a letter or digit)",
		"{url: 'etcd://h?a=%z'}":               "contexts[0].registries[0].url: the part after ? cannot be read (options are written ?key=value&key=value)",
		"{name: '-', url: 'etcd://h'}":         "contexts[0].registries[0].name: is not a name",
		"{url: 'etcd://h', dc: ~}":             "contexts[0].registries[0].dc: is empty",
		"{url: 'etcd://h', dc: {a: b}}":        "contexts[0].registries[0].dc.a: unknown key (a reference is env:NAME, file:PATH or {cmd: [program, argument, ...]})",
		"{url: 'etcd://h', l: [a, [b]]}":       "contexts[0].registries[0].l[1]: want text, not a list",
		"{url: 'etcd://h', password: hunter2}": "contexts[0].registries[0].password: a secret is given by reference only (env:NAME, file:PATH or {cmd: [program, argument, ...]})",
		"{url: 'etcd://h', api_key: 12345678}": "contexts[0].registries[0].api_key: a secret is given by reference only (env:NAME, file:PATH or {cmd: [program, argument, ...]})",
		"'etcd://me:hunter2@h'":                "contexts[0].registries[0]: a password in a URL is refused: give password: env:NAME beside url",
		"{url: 'etcd://h', url: 'etcd://i'}":   "contexts[0].registries[0].url: is given twice",
		"{url: 'consul://h?x-token=hunter2', token: ab}": "contexts[0].registries[0].url: option \"x-token\": a secret is given by reference only (env:NAME or file:PATH)\ncontexts[0].registries[0].token: a secret is given by reference only (env:NAME, file:PATH or {cmd: [program, argument, ...]})",
	} {
		_, got := registryOf(t, entry)
		if got != want || strings.Contains(got, "hunter2") || strings.Contains(got, "12345678") {
			t.Errorf("%s:\n got %q\nwant %q", entry, got, want)
		}
	}
}
