package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd"
	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

// run runs a command line in this process, without a terminal and with nothing
// in its environment but a home of its own.
func run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	return runWith(t, nil, args...)
}

func runWith(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	home := t.TempDir()
	io, o, e := term.Test("")
	code = cmd.Run(t.Context(), args, io, func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		switch name {
		case "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME":
			return home
		}
		return ""
	})
	return code, o.String(), e.String()
}

// tree is the tree of commands, on streams nobody reads.
func tree() *cobra.Command {
	io, _, _ := term.Test("")
	return cmd.New(app.New(io, func(string) string { return "" }))
}

// commands lists every command that does something, by its path without the root.
func commands(root *cobra.Command) map[string]*cobra.Command {
	found := map[string]*cobra.Command{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Runnable() && !sub.HasSubCommands() {
				found[strings.TrimPrefix(sub.CommandPath(), "midwatch ")] = sub
			}
			walk(sub)
		}
	}
	walk(root)
	return found
}

// serve answers like a mode of the scripts, until the test ends.
func serve(t *testing.T, name string) string {
	t.Helper()
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { modes[name](w, r, done) }))
	t.Cleanup(func() {
		close(done)
		s.Close()
	})
	return s.Listener.Addr().String()
}

func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// inventory writes a file with a service of two instances in the given modes.
func inventory(t *testing.T, first, second string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	text := fmt.Sprintf("services:\n  - name: payment\n    instances:\n      - {id: payment-1, address: %q}\n      - {id: payment-2, address: %q}\n", first, second)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// TestSameCodeInEveryFormat walks the tree: every reading command, in every
// format it declares, on every kind of fleet, ends with one code.
func TestSameCodeInEveryFormat(t *testing.T) {
	up, ill, denied := serve(t, "up"), serve(t, "down"), serve(t, "denied")
	fleets := []struct {
		name, registry, service string
	}{
		{"well", inventory(t, up, up), "payment"},
		{"down", inventory(t, up, ill), "payment"},
		{"unknown", inventory(t, up, denied), "payment"},
		{"dead registry", "etcd://" + deadAddress(t), "payment"},
		{"unknown service", inventory(t, up, up), "paymnt"},
	}
	// What a command needs to end by itself, and the codes it must have on
	// those fleets.
	wants := map[string]struct {
		args  func(service string) []string
		codes [5]int
	}{
		"services":        {func(s string) []string { return []string{s} }, [5]int{0, 0, 0, 3, 3}},
		"instances":       {func(s string) []string { return []string{s} }, [5]int{0, 0, 0, 3, 3}},
		"check":           {func(s string) []string { return []string{s} }, [5]int{0, 1, 3, 3, 3}},
		"wait":            {func(s string) []string { return []string{s, "--timeout", "300ms", "--interval", "100ms"} }, [5]int{0, 124, 124, 124, 124}},
		"watch":           {func(s string) []string { return []string{s, "--timeout", "300ms", "--interval", "100ms"} }, [5]int{}},
		"metrics":         {func(s string) []string { return []string{s, "--window", "200ms"} }, [5]int{3, 3, 3, 3, 3}}, // they have none
		"query":           {func(s string) []string { return []string{"up", s} }, [5]int{3, 3, 3, 3, 3}},                // they have no metrics
		"breakers list":   {func(s string) []string { return []string{s} }, [5]int{3, 3, 3, 3, 3}},                      // nobody says how they are read
		"breakers show":   {func(s string) []string { return []string{s + "/order"} }, [5]int{3, 3, 3, 3, 3}},
		"breakers events": {func(s string) []string { return []string{s} }, [5]int{3, 3, 3, 3, 3}},
		"resolve":         {func(s string) []string { return []string{s} }, [5]int{0, 0, 0, 3, 3}},
		"doctor":          {func(s string) []string { return []string{s} }, [5]int{0, 1, 3, 3, 3}},
		"replay":          {func(string) []string { return []string{"../testdata/recordings/demo.jsonl.zst"} }, [5]int{}},
		"registries":      {func(string) []string { return nil }, [5]int{}},
		"schema":          {func(string) []string { return nil }, [5]int{}},
		"version":         {func(string) []string { return nil }, [5]int{}},
		"context list":    {func(string) []string { return nil }, [5]int{}},
		"context show":    {func(string) []string { return nil }, [5]int{}},
		"config show":     {func(string) []string { return nil }, [5]int{}},
		"changes list":    {func(string) []string { return nil }, [5]int{}},
		"changes export":  {func(string) []string { return nil }, [5]int{}},
		"changes settle":  {func(string) []string { return nil }, [5]int{}},
		"changes show":    {func(string) []string { return []string{"1K9XQ2M7AB"} }, [5]int{3, 3, 3, 3, 3}}, // nothing was changed from here
		"config validate": {func(string) []string { return nil }, [5]int{2, 2, 2, 2, 2}},                    // there is no file
	}
	writes := []string{"register", "deregister", "context use", "changes undo", "drain", "undrain", "breakers trip", "breakers reset", "breakers bypass", "breakers half-open"}
	for name, c := range commands(tree()) {
		formats := declaredFormats(c)
		if formats == nil || slices.Contains(writes, name) {
			continue
		}
		want, ok := wants[name]
		if !ok {
			t.Errorf("midwatch %s has formats and no row here", name)
			continue
		}
		for i, f := range fleets {
			t.Run(name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				line := append(strings.Fields(name), want.args(f.service)...)
				if name == "wait" && want.codes[i] == 0 {
					line = append(line, "--timeout", "30s") // it ends by itself, on a machine that is busy as well
				}
				for _, format := range formats {
					args := append(slices.Clone(line), "-o", format, "--registry", f.registry)
					code, out, errs := run(t, args...)
					if code != want.codes[i] {
						t.Errorf("-o %s ended with %d, want %d\n%s%s", format, code, want.codes[i], out, errs)
					}
					if at := bytes.IndexByte([]byte(out+errs), 0x1b); at >= 0 {
						t.Errorf("-o %s wrote an escape sequence without a terminal", format)
					}
				}
				quiet, out, _ := run(t, append(slices.Clone(line), "-q", "--registry", f.registry)...)
				if quiet != want.codes[i] || out != "" {
					t.Errorf("-q ended with %d and %q, want %d and nothing", quiet, out, want.codes[i])
				}
			})
		}
	}
}

// declaredFormats asks the completion of -o.
func declaredFormats(c *cobra.Command) []string {
	complete, ok := c.GetFlagCompletionFunc("output")
	if !ok {
		return nil
	}
	words, _ := complete(c, nil, "")
	return words
}

// TestEveryCommandIsFindable: a feature nobody can find is a defect.
func TestEveryCommandIsFindable(t *testing.T) {
	root := tree()
	for name, c := range commands(root) {
		if c.Short == "" {
			t.Errorf("midwatch %s has no short description", name)
		}
		if c.Name() == "help" {
			continue
		}
		if c.Example == "" {
			t.Errorf("midwatch %s has no examples", name)
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if !strings.HasPrefix(line, "  ") || !strings.Contains(line, "midwatch") {
				t.Errorf("midwatch %s: example %q does not show the tool, indented by two", name, line)
			}
		}
		if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
			t.Errorf("midwatch %s does not complete its arguments", name)
		}
	}
}

// TestEveryFlagIsCompleted: a flag with a value offers values or says that it
// has none to offer; those that name files are left to the shell.
func TestEveryFlagIsCompleted(t *testing.T) {
	files := []string{"config", "dir", "replay", "to"}
	root := tree()
	check := func(c *cobra.Command) {
		for _, f := range flagsOf(c) {
			if f.Value.Type() == "bool" || slices.Contains(files, f.Name) {
				continue
			}
			if _, ok := c.GetFlagCompletionFunc(f.Name); !ok {
				t.Errorf("%s --%s is not completed", c.CommandPath(), f.Name)
			}
		}
	}
	check(root)
	for _, c := range commands(root) {
		check(c)
	}
}

func TestCompletionOffersLiveNames(t *testing.T) {
	up := serve(t, "up")
	code, out, errs := run(t, "__complete", "check", "--registry", inventory(t, up, up), "pay")
	if code != 0 || !strings.HasPrefix(out, "payment\n") {
		t.Errorf("ended with %d, offered %q (%s)", code, out, errs)
	}
	_, out, _ = run(t, "__complete", "check", "--registry", inventory(t, up, up), "--instance", "")
	if !strings.Contains(out, "payment-1\npayment-2\n") {
		t.Errorf("instances: offered %q", out)
	}
}

func TestEndsByItsTimeout(t *testing.T) {
	code, _, errs := run(t, "check", "--timeout", "200ms", "--registry", inventory(t, serve(t, "hang"), serve(t, "up")))
	if code != 3 {
		t.Errorf("what was not asked in time is unknown: ended with %d, want 3\n%s", code, errs)
	}
}

func TestCancelledIsNoVerdict(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	io, _, _ := term.Test("")
	if code := cmd.Run(ctx, []string{"check", "--registry", inventory(t, serve(t, "up"), serve(t, "up"))}, io, func(string) string { return "" }); code == 0 || code == 1 {
		t.Errorf("a cancelled check ended with the verdict %d", code)
	}
}
