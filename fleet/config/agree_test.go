package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/fleet/config"
)

// agrees says where the schema refuses what the decoder takes; it is empty
// where they agree, and where the decoder refuses: it alone sees how values
// fit together.
func agrees(s schema, top map[string]any, text []byte) string {
	if _, err := config.Parse("x.yaml", text, config.Known{}); err != nil {
		return ""
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return "" // a document that the library's own decoder has no words for, as an empty one
	}
	return s.wrong(top, v, "")
}

// values are put at every key of the file by turns.
var values = []string{
	"a", "''", "'1'", "1", "0", "-1", "65535", "1.5", "true", "false", "~", "", "[]", "[a]", "[a, b]", "['']", "[1]", "{}", "{a: b}", "/p", "[/p]", "http://h", "https://h:1/p", "etcd://h", "['etcd://h']",
	"env:X", "file:/x", "{cmd: [a]}", "2s", ".5s", "+1h", "1μs", "2", "http", "tls", "dns", "spring", "10.0.0.0/8", ".a.b", "{path: /p}", "{admin: 1}", "{api: x}", "{username: u, password: 'env:X'}", "{A: b}", "{A: 'env:X'}",
	"[{match: a}]", "{bearer: 'env:X'}", "0x10", "2001-01-01", "{url: 'etcd://h'}", "/a/b~0", "{calls: /c}", "{up: closed}", "{trip: {path: /p}}", "open", "POST", "[{url: 'etcd://h', tls: true, n: 3, l: [a]}]", "'é'", "\"a\\nb\"",
}

// TestSchemaTakesWhatTheDecoderTakes: every value at every key, one at a time.
func TestSchemaTakesWhatTheDecoderTakes(t *testing.T) {
	s, top := readSchema(t)
	profile := []string{"extends", "probe", "scheme", "strict", "slow", "warnDays", "failDays", "proxy", "allowHosts", "allowSockets", "health", "grpc", "metrics", "breakers", "ports", "headers", "tls", "auth"}
	below := map[string][]string{
		"health": {"path"}, "grpc": {"services"}, "metrics": {"path"}, "breakers": {"api", "path", "csrf", "mapping"}, "ports": {"admin", "health", "metrics"}, "headers": {"Accept", "Cookie"},
		"tls": {"ca", "serverName", "insecure"}, "auth": {"basic", "bearer", "oauth2"},
	}
	taken := 0
	try := func(text string) {
		t.Helper()
		if w := agrees(s, top, []byte(text)); w != "" {
			t.Errorf("the decoder takes and the schema refuses (%s):\n%s", w, text)
		}
		if _, err := config.Parse("x.yaml", []byte(text), config.Known{}); err == nil {
			taken++
		}
	}
	for _, v := range values {
		for _, key := range profile {
			try("profiles:\n  p:\n    " + key + ": " + v + "\n")
			for _, sub := range below[key] {
				try("profiles:\n  p:\n    " + key + ":\n      " + sub + ": " + v + "\n")
			}
		}
		for _, key := range []string{"profiles", "services", "readOnly", "protected", "write", "prometheus"} {
			try("contexts:\n  - name: a\n    registries: ['etcd://h']\n    " + key + ": " + v + "\n")
		}
		for _, key := range []string{"url: ", "profile: x, url: ", "url: http://h, profile: "} {
			try("contexts:\n  - name: a\n    registries: ['etcd://h']\n    prometheus: {" + key + v + "}\n")
		}
		mapping := "profiles:\n  p:\n    breakers:\n      api: mapping\n      mapping:\n        list: {path: /l}\n"
		for _, key := range []string{"items", "name", "state", "fields", "states", "set"} {
			try(mapping + "        " + key + ": " + v + "\n")
		}
		for _, key := range []string{"fields: {calls", "states: {word", "set: {trip", "set: {reset: {path", "set: {reset: {method", "set: {reset: {path: /p, body"} {
			try(mapping + "        " + key + ": " + v + strings.Repeat("}", strings.Count(key, "{")) + "\n")
		}
		try("contexts:\n  - name: a\n    registries: " + v + "\n")
		try("contexts:\n  - name: " + v + "\n    registries: ['etcd://h']\n")
		try("contexts:\n  - name: a\n    registries:\n      - url: etcd://h\n        token: " + v + "\n")
		try("contexts:\n  - name: a\n    registries:\n      - url: etcd://h\n        name: " + v + "\n")
		try("contexts:\n  - name: a\n    registries: ['etcd://h']\n    services:\n      - match: a\n        dependsOn: " + v + "\n")
		try("contexts: " + v + "\n")
		try("profiles: " + v + "\n")
	}
	if taken < 150 {
		t.Errorf("%d of the texts are right: the test says little", taken)
	}
}

// FuzzSchemaAgrees looks for more of the same.
func FuzzSchemaAgrees(f *testing.F) {
	names, err := filepath.Glob("testdata/valid-*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatal("no seeds")
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	s, top := readSchema(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if w := agrees(s, top, data); w != "" {
			t.Fatalf("the decoder takes and the schema refuses: %s", w)
		}
	})
}

// TestChoiceIsKeptByName: chosen contexts go back and forth, by chance; the
// file always holds the last two that differ.
func TestChoiceIsKeptByName(t *testing.T) {
	s := config.StateIn(env("XDG_STATE_HOME", t.TempDir()))
	rng := rand.New(rand.NewPCG(1, 47))
	current, previous := "", ""
	for range 100 {
		name := fmt.Sprintf("c%d", rng.IntN(4))
		if err := s.Use(name); err != nil {
			t.Fatal(err)
		}
		if name != current {
			current, previous = name, current
		}
		if c, p, err := s.Read(); err != nil || c != current || p != previous {
			t.Fatalf("got %q and %q, %v; want %q and %q", c, p, err, current, previous)
		}
	}
}

// TestChoiceThatCannotBeRead keeps its cause, and is the machine's failure as
// little as a file that says something else.
func TestChoiceThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "midwatch", "context"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := config.StateIn(env("XDG_STATE_HOME", dir))
	_, _, err := s.Read()
	var wrong *config.Error
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), filepath.Join("midwatch", "context")+": cannot be read: is a directory") {
		t.Errorf("got %v", err)
	}
	f := &config.File{Contexts: []config.Context{{Name: "a"}, {Name: "b"}}}
	if _, err := f.Choose("", env(), s); !errors.As(err, &wrong) {
		t.Errorf("a choice that cannot be read is taken as none: %v", err)
	}
	if got, err := f.Choose("a", env(), s); err != nil || got.Contexts[0].Name != "a" {
		t.Errorf("with --context nobody has to read it: %v", err)
	}
	if err := s.Use("a"); err == nil {
		t.Error("a folder was replaced")
	}
	left, err := os.ReadDir(filepath.Join(dir, "midwatch"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestChoiceHandEdited: what people write into the file by hand.
func TestChoiceHandEdited(t *testing.T) {
	dir := t.TempDir()
	s := config.StateIn(env("XDG_STATE_HOME", dir))
	if err := s.Use("x"); err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		"prod": "prod ", "prod\n": "prod ", "prod\nstage": "prod stage", "prod\nstage\n": "prod stage", "prod\n\n": "prod ",
		"prod \n": "!", "\nstage\n": "!", "prod\nno/name\n": "!", "prod\r\nstage\r\n": "!", "a\nb\n\n\n": "!", "# a\n": "!",
	} {
		if err := os.WriteFile(filepath.Join(dir, "midwatch", "context"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		current, previous, err := s.Read()
		if want == "!" {
			if err == nil {
				t.Errorf("%q is read as %q and %q", content, current, previous)
			}
			continue
		}
		if err != nil || current+" "+previous != want {
			t.Errorf("%q: %q and %q, %v", content, current, previous, err)
		}
	}
}

// TestNamed: one context by its name, for commands that are about one.
func TestNamed(t *testing.T) {
	f := &config.File{Contexts: []config.Context{{Name: "prod"}, {Name: "stage"}}}
	if c, err := f.Named("stage"); err != nil || c != &f.Contexts[1] {
		t.Errorf("got %v, %v", c, err)
	}
	for name, want := range map[string]string{
		"pord":   `there is no context "pord" (did you mean prod?)`,
		"zzz":    `there is no context "zzz" (known here: prod, stage)`,
		"":       `there is no context "" (known here: prod, stage)`,
		"\x1b[J": `there is no context "\x1b[J" (known here: prod, stage)`,
	} {
		c, err := f.Named(name)
		if c != nil || err == nil || err.Error() != want || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v, %v; want %s", name, c, err, want)
		}
	}
	if _, err := (&config.File{}).Named("prod"); err == nil || !strings.Contains(err.Error(), "config init") {
		t.Errorf("no contexts at all: %v", err)
	}
}
