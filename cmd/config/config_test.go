package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	command "github.com/midwatch-cli/midwatch/cmd/config"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/config"
)

const good = "contexts:\n  - name: prod\n    registries:\n      - consul://10.0.0.5:8500?token=env:TOKEN # ours\nprofiles:\n  shop: {extends: spring, auth: {bearer: env:SHOP}}\n"

const bad = "contexts:\n  - name: prod\n    registrys: []\n    registries: [cnsul://a]\nprofiles:\n  shop: {slow: 3}\n"

// world is a user with a home of their own.
type world struct {
	home string
	vars map[string]string
}

func newWorld(t *testing.T) world {
	t.Helper()
	home := t.TempDir()
	return world{home, map[string]string{"XDG_CONFIG_HOME": home, "TOKEN": "s3cret", "SHOP": "s3cret"}}
}

func (w world) path() string { return filepath.Join(w.home, "midwatch", "midwatch.yaml") }

func (w world) write(t *testing.T, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.path(), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.path()
}

func (w world) run(args ...string) (out, errs string, err error) {
	io, o, e := term.Test("")
	a := app.New(io, func(name string) string { return w.vars[name] })
	root := &cobra.Command{
		Use: "midwatch", SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.Begin() },
	}
	a.AddGlobal(root)
	root.AddCommand(command.New(a))
	root.SetArgs(append([]string{"config"}, args...))
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	err = root.Execute()
	return o.String(), e.String(), err
}

func code(err error) app.Code {
	var ended app.Ended
	var said *app.Error
	switch {
	case err == nil:
		return app.OK
	case errors.As(err, &ended):
		return ended.Code
	case errors.As(err, &said):
		return said.Code
	}
	return app.CannotSay
}

func TestValidate(t *testing.T) {
	w := newWorld(t)
	path := w.write(t, good)
	out, errs, err := w.run("validate")
	if err != nil || strings.TrimSpace(out) != "PROBLEM" || !strings.Contains(errs, path+": 1 context, 1 registry, 1 profile, nothing wrong") {
		t.Errorf("a good file: %q, %q, %v", out, errs, err)
	}

	w.write(t, bad)
	want := []string{
		path + `:3:5: contexts[0].registrys: unknown key (did you mean registries?)`,
		path + `:4:18: contexts[0].registries[0]: unknown kind of registry "cnsul" (did you mean consul?)`,
		path + `:6:16: profiles.shop.slow: a duration needs a unit (as in 300ms, 2s, 1m30s)`,
	}
	for _, args := range [][]string{{"validate"}, {"validate", path}, {"validate", "--no-headers"}} {
		out, errs, err = w.run(args...)
		if code(err) != app.Usage || !strings.Contains(out, strings.Join(want, "\n")) || !strings.Contains(errs, "3 problems") {
			t.Errorf("%v: code %d\n%s\n%s", args, code(err), out, errs)
		}
	}
	_, _, err = w.run("validate", filepath.Join(w.home, "none.yaml"))
	if code(err) != app.Usage {
		t.Errorf("a file that is not there: %v", err)
	}
	w.vars["XDG_CONFIG_HOME"] = ""
	if _, _, err = w.run("validate"); code(err) != app.Usage {
		t.Errorf("nowhere to look: %v", err)
	}
}

// TestValidateInEveryFormat: the code and what is said do not depend on it.
func TestValidateInEveryFormat(t *testing.T) {
	for content, want := range map[string]app.Code{good: app.OK, bad: app.Usage} {
		w := newWorld(t)
		path := w.write(t, content)
		for _, format := range []string{"table", "wide", "json", "yaml", "jsonl", "name"} {
			if _, _, err := w.run("validate", "-o", format); code(err) != want {
				t.Errorf("-o %s: code %d, want %d", format, code(err), want)
			}
		}
		if out, errs, err := w.run("validate", "-q"); code(err) != want || out != "" || errs != "" {
			t.Errorf("-q: code %d, %q, %q", code(err), out, errs)
		}
		if want == app.OK {
			continue
		}
		out, _, _ := w.run("validate", "-o", "json")
		var doc struct {
			Kind  string
			Items []struct {
				File, Path, Detail, Hint string
				Line, Column             int
			}
		}
		if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Kind != "Config" || len(doc.Items) != 3 {
			t.Fatalf("%v\n%s", err, out)
		}
		if p := doc.Items[0]; p.File != path || p.Line != 3 || p.Column != 5 || p.Path != "contexts[0].registrys" || p.Detail != "unknown key" || p.Hint != "did you mean registries?" {
			t.Errorf("%+v", p)
		}
	}
}

func TestShow(t *testing.T) {
	w := newWorld(t)
	out, errs, err := w.run("show")
	if err != nil || out != "{}\n" || !strings.Contains(errs, "there is no configuration file") {
		t.Errorf("no file: %q, %q, %v", out, errs, err)
	}
	path := w.write(t, good)
	out, errs, err = w.run("show")
	if err != nil || errs != "from "+path+"\n" || strings.Contains(out, "s3cret") || strings.Contains(out, "ours") || !strings.Contains(out, "bearer: env:SHOP") {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	if _, err := config.Parse("shown.yaml", []byte(out), config.Known{}); err != nil {
		t.Errorf("what is shown is refused: %v", err)
	}
	w.write(t, bad)
	if _, _, err = w.run("show"); code(err) != app.Usage {
		t.Errorf("a wrong file: %v", err)
	}
}

func TestSchemaAndPath(t *testing.T) {
	w := newWorld(t)
	out, _, err := w.run("schema")
	if err != nil || !bytes.Equal([]byte(out), config.Schema()) {
		t.Errorf("schema: %v", err)
	}
	out, errs, err := w.run("path")
	if err != nil || out != w.path()+"\n" || !strings.Contains(errs, "not there yet") {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	w.write(t, good)
	if out, errs, err = w.run("path"); err != nil || out != w.path()+"\n" || errs != "" {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	if out, _, _ = w.run("path", "--config", "other.yaml"); out != "other.yaml\n" {
		t.Errorf("%q", out)
	}
	w.vars["MIDWATCH_CONFIG"] = "third.yaml"
	if out, _, _ = w.run("path"); out != "third.yaml\n" {
		t.Errorf("%q", out)
	}
}

func TestInit(t *testing.T) {
	w := newWorld(t)
	out, errs, err := w.run("init", "--dry-run")
	if err != nil || errs != "" || !strings.HasPrefix(out, "## midwatch.yaml") {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	if _, err := os.Stat(w.path()); err == nil {
		t.Error("a dry run has written")
	}
	out, errs, err = w.run("init")
	if err != nil || out != "" || !strings.Contains(errs, "written: "+w.path()) || !strings.Contains(errs, "the environment shows no registry") {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	if info, err := os.Stat(w.path()); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, _, err := w.run("validate"); err != nil {
		t.Errorf("what is written is refused: %v", err)
	}

	w.vars["CONSUL_HTTP_ADDR"], w.vars["CONSUL_HTTP_TOKEN"], w.vars["CONSUL_CAPATH"] = "10.0.0.5:8500", "s3cret", "/ca"
	if _, _, err = w.run("init"); code(err) != app.Usage || !strings.Contains(err.Error(), "already there") {
		t.Errorf("a file that is there is replaced: %v", err)
	}
	_, errs, err = w.run("init", "--force")
	if err != nil || !strings.Contains(errs, "consul http://10.0.0.5:8500 (from CONSUL_HTTP_ADDR)") || !strings.Contains(errs, "CONSUL_CAPATH is set and not honoured") {
		t.Errorf("%q, %v", errs, err)
	}
	out, _, err = w.run("show")
	if err != nil || !strings.Contains(out, "consul://10.0.0.5:8500") || strings.Contains(out, "s3cret") {
		t.Errorf("%q, %v", out, err)
	}
	left, err := os.ReadDir(filepath.Dir(w.path()))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, _, err = w.run("init", filepath.Join(w.path(), "below", "a-file.yaml")); code(err) != app.NotWell {
		t.Errorf("a folder that cannot be made: %v", err)
	}
	w.vars["CONSUL_HTTP_ADDR"] = "ftp://x"
	if _, _, err = w.run("init", "--dry-run"); code(err) != app.Usage {
		t.Errorf("a variable that is wrong: %v", err)
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	io, _, _ := term.Test("")
	cmd := command.New(app.New(io, func(string) string { return "" }))
	for _, c := range append(cmd.Commands(), cmd) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no summary or no example", c.Name())
		}
		if c.Runnable() && c.ValidArgsFunction == nil {
			t.Errorf("%s does not complete its arguments", c.Name())
		}
	}
}
