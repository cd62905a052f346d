package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the surroundings of one App: a home, an environment, streams.
type world struct {
	*app.App
	dir  string
	env  map[string]string
	out  *bytes.Buffer
	errs *bytes.Buffer
	root *cobra.Command
}

// newWorld makes one with a home of its own and nothing else in its
// environment but the given NAME=VALUE pairs.
func newWorld(t *testing.T, env ...string) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), env: map[string]string{}}
	w.env["XDG_CONFIG_HOME"] = filepath.Join(w.dir, "config")
	w.env["XDG_STATE_HOME"] = filepath.Join(w.dir, "state")
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		w.env[name] = value
	}
	var io *term.IO
	io, w.out, w.errs = term.Test("")
	w.App = app.New(io, func(name string) string { return w.env[name] })
	w.root = &cobra.Command{Use: "midwatch", RunE: func(*cobra.Command, []string) error { return nil }}
	w.AddGlobal(w.root)
	return w
}

// flags gives the global flags.
func (w *world) flags(t *testing.T, args ...string) *world {
	t.Helper()
	if err := w.root.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	return w
}

// write writes a file below the world's folder and returns its path.
func (w *world) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	// Renamed, as an editor or a deployment does it: nobody reads a half.
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// config writes the user's own configuration.
func (w *world) config(t *testing.T, text string) { w.write(t, "config/midwatch/midwatch.yaml", text) }

// fleet writes an inventory and returns its registry URL. A line is
// "SERVICE ADDRESS...": its instances are called SERVICE-1, SERVICE-2, ...
func (w *world) fleet(t *testing.T, name string, lines ...string) string {
	t.Helper()
	return "file://" + w.write(t, name, inventory(lines...))
}

func inventory(lines ...string) string {
	var b strings.Builder
	b.WriteString("services:\n")
	if len(lines) == 0 {
		return "services: []\n"
	}
	for _, line := range lines {
		words := strings.Fields(line)
		fmt.Fprintf(&b, "  - name: %s\n    instances:\n", words[0])
		for i, addr := range words[1:] {
			fmt.Fprintf(&b, "      - {id: %s-%d, address: %q}\n", words[0], i+1, addr)
		}
		if len(words) == 1 {
			b.WriteString("      []\n")
		}
	}
	return b.String()
}

// open opens the contexts of the command until the test ends.
func (w *world) open(t *testing.T) *app.Session {
	t.Helper()
	s, err := w.Open(t.Context(), probing())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// probing are settings that cost a test no time.
func probing() app.Probing {
	return app.Probing{ProbeTimeout: time.Second, Attempts: 1, Parallel: 8}
}

// The far ends of this package's tests, by short names.
func serve(t *testing.T, h http.HandlerFunc) string { t.Helper(); return cmdtest.Handler(t, h) }

func answers(t *testing.T, status int, body string) string {
	t.Helper()
	return cmdtest.Health(t, status, body)
}

func up(t *testing.T) string { t.Helper(); return cmdtest.Up(t) }

func down(t *testing.T) string {
	t.Helper()
	return answers(t, http.StatusServiceUnavailable, `{"status":"DOWN"}`)
}

func closed(t *testing.T) string { t.Helper(); return cmdtest.Closed(t) }

// mute is an address that takes connections and never answers.
func mute(t *testing.T) string { t.Helper(); return cmdtest.Raw(t, func(net.Conn) {}) }

// refused holds an error against what it has to be: its code, and parts of its
// words; a part that begins with "hint: " is one of its hint.
func refused(t *testing.T, what string, err error, code app.Code, parts ...string) {
	t.Helper()
	var said *app.Error
	if !errors.As(err, &said) {
		t.Errorf("%s: got %v, want an error with code %d", what, err, code)
		return
	}
	if said.Code != code {
		t.Errorf("%s: code %d, want %d (%v)", what, said.Code, code, err)
	}
	for _, part := range parts {
		text := said.Error()
		if hint, ok := strings.CutPrefix(part, "hint: "); ok {
			text, part = said.Hint, hint
		}
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q lacks %q (hint %q)", what, text, part, said.Hint)
		}
	}
}
