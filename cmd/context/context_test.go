package context_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	command "github.com/midwatch-cli/midwatch/cmd/context"
	"github.com/midwatch-cli/midwatch/cmd/term"
)

const file = `contexts:
  - name: prod
    registries: [consul://10.0.0.5, b=consul://10.0.0.6]
    protected: true
  - name: stage
    registries: [consul://10.1.0.5]
    readOnly: true
  - name: dev
    registries: [consul://127.0.0.1]
`

// world is a user with a file and a state of their own.
type world struct{ vars map[string]string }

func newWorld(t *testing.T, content string) world {
	t.Helper()
	home := t.TempDir()
	if content != "" {
		if err := os.Mkdir(filepath.Join(home, "midwatch"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, "midwatch", "midwatch.yaml"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return world{map[string]string{"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": t.TempDir()}}
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
	root.SetArgs(args)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	err = root.Execute()
	return o.String(), e.String(), err
}

// wrongUse says whether an error is one of use or configuration, and its hint.
func wrongUse(err error) (bool, string) {
	var said *app.Error
	if errors.As(err, &said) && said.Code == app.Usage {
		return true, said.Hint
	}
	return false, ""
}

func TestUseAndBack(t *testing.T) {
	w := newWorld(t, file)
	for _, step := range []struct{ args, says, now string }{
		{"use prod", "context prod\n", "prod"},
		{"use stage", "context stage (was prod; midwatch context - goes back)\n", "stage"},
		{"-", "context prod (was stage; midwatch context - goes back)\n", "prod"},
		{"use -", "context stage (was prod; midwatch context - goes back)\n", "stage"},
		{"use stage", "context stage\n", "stage"},
		{"use -q dev", "", "dev"},
	} {
		out, errs, err := w.run(append([]string{"context"}, strings.Fields(step.args)...)...)
		if err != nil || out != "" || errs != step.says {
			t.Errorf("%s: %q, %q, %v", step.args, out, errs, err)
		}
		if now, _, err := w.run("context", "show", "-o", "name"); err != nil || strings.TrimSpace(now) != step.now {
			t.Errorf("after %s: %q, %v", step.args, now, err)
		}
	}
	w.vars["MIDWATCH_CONTEXT"] = "prod"
	if _, errs, err := w.run("context", "use", "stage"); err != nil || !strings.Contains(errs, "warning: MIDWATCH_CONTEXT=prod is set and wins") {
		t.Errorf("%q, %v", errs, err)
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct{ why, file, args, want, hint string }{
		{"a slip", file, "use prdo", `there is no context "prdo" (did you mean prod?)`, ""},
		{"nothing before", file, "-", "there was no context before", "midwatch context use NAME chooses one"},
		{"no file", "", "use prod", "there is no context \"prod\" (no configuration has any: `midwatch config init` writes one)", ""},
		{"a list", file, "use prod,stage", `there is no context "prod,stage" (known here: prod, stage, dev)`, ""},
		{"a name without use", file, "prod", `there is no command "midwatch context prod"`, "did you mean midwatch context use prod?"},
		{"a command mistyped", file, "lits", `there is no command "midwatch context lits"`, "did you mean midwatch context list?"},
		{"any word", file, "zzzzzz", `there is no command "midwatch context zzzzzz"`, "there are: list, use, show, -"},
		{"none is chosen", file, "show", "has 3 contexts and none is chosen", ""},
		{"a wrong file", "contexts: 3\n", "list", "1:11: contexts: want a list, not a number", ""},
		{"a context nobody has", file, "show --context nobody", `--context: there is no context "nobody"`, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			out, _, err := newWorld(t, c.file).run(append([]string{"context"}, strings.Fields(c.args)...)...)
			usage, hint := wrongUse(err)
			if !usage || !strings.Contains(err.Error(), c.want) || hint != c.hint || out != "" {
				t.Errorf("got %v (hint %q), out %q", err, hint, out)
			}
		})
	}
}

func TestList(t *testing.T) {
	w := newWorld(t, file)
	out, errs, err := w.run("context", "list")
	want := "CHOSEN\tCONTEXT\tREGISTRIES\tWRITES\n" +
		"-\tprod\tconsul://10.0.0.5 consul://10.0.0.6\tprotected\n-\tstage\tconsul://10.1.0.5\trefused\n-\tdev\tconsul://127.0.0.1\tasked\n"
	if err != nil || out != want || !strings.Contains(errs, "none is chosen") {
		t.Errorf("%v\n%s\n%s", err, out, errs)
	}
	if _, _, err := w.run("context", "use", "stage"); err != nil {
		t.Fatal(err)
	}
	out, errs, err = w.run("context", "list", "-o", "json")
	var doc struct {
		Kind  string
		Items []struct {
			Name                        string
			Chosen, ReadOnly, Protected bool
			Registries                  []string
		}
	}
	if err != nil || errs != "" || json.Unmarshal([]byte(out), &doc) != nil || doc.Kind != "Contexts" || len(doc.Items) != 3 {
		t.Fatalf("%v\n%s\n%s", err, out, errs)
	}
	for _, item := range doc.Items {
		if item.Chosen != (item.Name == "stage") || item.ReadOnly != (item.Name == "stage") || item.Protected != (item.Name == "prod") || len(item.Registries) == 0 {
			t.Errorf("%+v", item)
		}
	}
	out, _, err = w.run("context", "ls", "-o", "name", "--all-contexts")
	if err != nil || out != "prod\nstage\ndev\n" {
		t.Errorf("%q, %v", out, err)
	}
	out, errs, err = newWorld(t, "").run("context", "list")
	if err != nil || !strings.Contains(errs, "no contexts are configured") || !strings.Contains(errs, "config init") {
		t.Errorf("no file: %q, %q, %v", out, errs, err)
	}
}

func TestShow(t *testing.T) {
	w := newWorld(t, file)
	w.vars["MIDWATCH_CONTEXT"] = "dev"
	out, errs, err := w.run("context", "show")
	if err != nil || !strings.Contains(out, "*\tdev\t") || strings.Contains(out, "prod") || !strings.Contains(errs, "chosen by: MIDWATCH_CONTEXT") {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	out, _, err = w.run("context", "show", "--context", "stage,prod", "-o", "name")
	if err != nil || out != "stage\nprod\n" {
		t.Errorf("%q, %v", out, err)
	}
	out, errs, err = w.run("context", "show", "--context", "none", "-o", "name")
	if err != nil || out != "" {
		t.Errorf("%q, %q, %v", out, errs, err)
	}
	if _, errs, err = newWorld(t, "").run("context", "show"); err != nil || !strings.Contains(errs, "no context: commands use --registry") {
		t.Errorf("%q, %v", errs, err)
	}
}

func TestCompletion(t *testing.T) {
	w := newWorld(t, file)
	for args, want := range map[string]string{"use": "prod stage dev", "use prod": "", "list": "", "": "list show use"} {
		out, _, err := w.run(append(append([]string{"__complete", "context"}, strings.Fields(args)...), "")...)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(want) {
			if !strings.Contains("\n"+out, "\n"+word) {
				t.Errorf("%q does not offer %s:\n%s", args, word, out)
			}
		}
		if want == "" && !strings.HasPrefix(out, ":4") {
			t.Errorf("%q offers %q", args, out)
		}
	}
	if out, _, _ := newWorld(t, "contexts: 3").run("__complete", "context", "use", ""); !strings.HasPrefix(out, ":4") {
		t.Errorf("a wrong file: %q", out)
	}
}
