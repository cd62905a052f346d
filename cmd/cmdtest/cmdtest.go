// Package cmdtest runs one command in a test as the root would, on buffers and
// with an environment and a home of its own.
package cmdtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

// Command is one command line to be run. Only New is needed.
type Command struct {
	New     func(*app.App) *cobra.Command
	Env     map[string]string
	Prepare func(*app.App)  // last changes to the surroundings, such as a terminal
	Context context.Context // nil: the test's
}

// Result is how it ended.
type Result struct {
	Err  error
	Out  string
	Errs string
}

// Code is the exit code that the error means; an error without one is
// CannotSay, as the root has it.
func (r Result) Code() app.Code {
	var ended app.Ended
	var said *app.Error
	switch {
	case r.Err == nil:
		return app.OK
	case errors.As(r.Err, &ended):
		return ended.Code
	case errors.As(r.Err, &said):
		return said.Code
	}
	return app.CannotSay
}

// Hint is the hint of the error, if it has one.
func (r Result) Hint() string {
	var said *app.Error
	if errors.As(r.Err, &said) {
		return said.Hint
	}
	return ""
}

// Run runs it with arguments.
func (c Command) Run(t *testing.T, args ...string) Result {
	t.Helper()
	home := t.TempDir()
	streams, out, errs := term.Test("")
	a := app.New(streams, func(name string) string {
		if v, ok := c.Env[name]; ok {
			return v
		}
		switch name {
		case "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME":
			return home
		}
		return ""
	})
	root := &cobra.Command{
		Use: "midwatch", SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.Begin(); err != nil {
				return err
			}
			if a.Global.Timeout > 0 {
				ctx, cancel := context.WithTimeout(cmd.Context(), a.Global.Timeout)
				t.Cleanup(cancel)
				cmd.SetContext(ctx)
			}
			return nil
		},
	}
	a.AddGlobal(root)
	command := c.New(a)
	root.AddCommand(command)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetArgs(append([]string{command.Name()}, args...))
	if c.Prepare != nil {
		c.Prepare(a)
	}
	ctx := c.Context
	if ctx == nil {
		ctx = t.Context()
	}
	err := root.ExecuteContext(ctx)
	return Result{Err: err, Out: out.String(), Errs: errs.String()}
}

// Health answers /health with a status and a JSON body, and all else with 404,
// until the test ends. It returns the address.
func Health(t *testing.T, status int, body string) string {
	t.Helper()
	return Handler(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// Up is the address of a service that is well.
func Up(t *testing.T) string {
	t.Helper()
	return Health(t, http.StatusOK, `{"status":"UP"}`)
}

// Handler serves HTTP on loopback and returns the address.
func Handler(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// Closed is an address where nothing listens.
func Closed(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Raw takes connections, does this with each, and returns the address. What is
// still open when the test ends is closed under it.
func Raw(t *testing.T, with func(net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			all.Go(func() { with(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

// Inventory writes a file with one service for each line, "NAME ID=ADDRESS...",
// and returns its URL.
func Inventory(t *testing.T, services ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	Write(t, path, services...)
	return "file://" + path
}

// Write writes such a file at a path.
func Write(t *testing.T, path string, services ...string) {
	t.Helper()
	text := "services:\n"
	if len(services) == 0 {
		text = "services: []\n"
	}
	for _, s := range services {
		words := strings.Fields(s)
		text += "  - name: " + words[0] + "\n    instances:\n"
		if len(words) == 1 {
			text = strings.TrimSuffix(text, "\n") + " []\n"
		}
		for _, w := range words[1:] {
			id, addr, _ := strings.Cut(w, "=")
			text += "      - {id: " + id + ", address: \"" + addr + "\"}\n"
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Console is a terminal on which somebody answers.
type Console struct {
	Asked bytes.Buffer
	typed io.Reader
}

// Answers puts a person who types text in front of an App.
func Answers(a *app.App, text string) *Console {
	c := &Console{typed: strings.NewReader(text)}
	a.IO.Console = func() (term.Console, error) { return c, nil }
	return c
}

// Read is what was typed.
func (c *Console) Read(p []byte) (int, error) { return c.typed.Read(p) }

// Write is what was asked.
func (c *Console) Write(p []byte) (int, error) { return c.Asked.Write(p) }

// SetReadDeadline does nothing: nobody here keeps a question waiting.
func (c *Console) SetReadDeadline(time.Time) error { return nil }

// Close does nothing.
func (c *Console) Close() error { return nil }
