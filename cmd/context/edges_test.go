package context_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhoChose walks the sources of the choice, the best first: flag, variable,
// context use, the only one.
func TestWhoChose(t *testing.T) {
	for _, c := range []struct{ why, file, kept, variable, args, want, from string }{
		{"the flag", file, "prod", "stage", "--context dev", "dev", "--context"},
		{"the variable", file, "prod", "stage", "", "stage", "MIDWATCH_CONTEXT"},
		{"what was chosen", file, "prod", "", "", "prod", "context use"},
		{"the only one", "contexts: [{name: a, registries: ['etcd://h']}]\n", "", "", "", "a", "the only one"},
		{"several by the flag", file, "", "", "--context stage,dev", "stage dev", "--context"},
		{"several by the variable", file, "", "dev,prod", "", "dev prod", "MIDWATCH_CONTEXT"},
		{"all of them", file, "prod", "", "--all-contexts", "prod stage dev", "--context"},
		{"none by the flag", file, "prod", "stage", "--context none", "", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld(t, c.file)
			if c.kept != "" {
				if _, _, err := w.run("context", "use", c.kept); err != nil {
					t.Fatal(err)
				}
			}
			w.vars["MIDWATCH_CONTEXT"] = c.variable
			out, _, err := w.run(append([]string{"context", "show", "-o", "name"}, strings.Fields(c.args)...)...)
			if err != nil || strings.Join(strings.Fields(out), " ") != c.want {
				t.Errorf("%q, %v", out, err)
			}
			_, errs, err := w.run(append([]string{"context", "show"}, strings.Fields(c.args)...)...)
			if want := "chosen by: " + c.from; err != nil || strings.Contains(errs, "chosen by: ") != (c.from != "") || c.from != "" && !strings.Contains(errs, want) {
				t.Errorf("%q, %v; want %q", errs, err, want)
			}
		})
	}
}

// TestUseLooksBeforeItWrites: a choice that cannot be made leaves the one
// before as it was.
func TestUseLooksBeforeItWrites(t *testing.T) {
	w := newWorld(t, file)
	for _, name := range []string{"prod", "stage"} {
		if _, _, err := w.run("context", "use", name); err != nil {
			t.Fatal(err)
		}
	}
	kept := filepath.Join(w.vars["XDG_STATE_HOME"], "midwatch", "context")
	before, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"use nobody", "use none", "use", "use a b", "use prod,stage", "nobody", "use \x1b[2J"} {
		if out, _, err := w.run(append([]string{"context"}, strings.Split(args, " ")...)...); err == nil || out != "" || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("%q: %q, %v", args, out, err)
		}
		if after, err := os.ReadFile(kept); err != nil || string(after) != string(before) {
			t.Errorf("%q wrote %q, %v", args, after, err)
		}
	}
}

// TestUseMendsABrokenChoice: a file that holds no name keeps show from
// answering, and use writes it anew; going back has nowhere to go.
func TestUseMendsABrokenChoice(t *testing.T) {
	w := newWorld(t, file)
	if _, _, err := w.run("context", "use", "prod"); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(w.vars["XDG_STATE_HOME"], "midwatch", "context")
	if err := os.WriteFile(kept, []byte("\x00\x1b[31m"), 0o600); err != nil {
		t.Fatal(err)
	}
	if usage, _ := wrongUse(second(w.run("context", "show"))); !usage {
		t.Error("a broken choice is taken as none")
	}
	if usage, hint := wrongUse(second(w.run("context", "-"))); !usage || hint == "" {
		t.Error("went back to where nobody was")
	}
	_, errs, err := w.run("context", "use", "dev")
	if err != nil || errs != "context dev\n" {
		t.Errorf("%q, %v", errs, err)
	}
	if out, _, err := w.run("context", "show", "-o", "name"); err != nil || out != "dev\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// second is the error of a run.
func second(_, _ string, err error) error { return err }

// TestTheOneBeforeIsGone: the context to go back to was taken out of the file.
func TestTheOneBeforeIsGone(t *testing.T) {
	w := newWorld(t, file)
	for _, name := range []string{"prod", "stage"} {
		if _, _, err := w.run("context", "use", name); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(w.vars["XDG_CONFIG_HOME"], "midwatch", "midwatch.yaml")
	if err := os.WriteFile(path, []byte("contexts: [{name: stage, registries: ['etcd://h']}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if usage, _ := wrongUse(second(w.run("context", "-"))); !usage {
		t.Error("went back to a context that is gone")
	}
	if out, _, err := w.run("context", "show", "-o", "name"); err != nil || out != "stage\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// TestGoingBackToWhatCannotBeRead is a bug that was: it said that there was no
// context before. Naming one writes the file anew.
func TestGoingBackToWhatCannotBeRead(t *testing.T) {
	w := newWorld(t, file)
	w.vars["XDG_STATE_HOME"] = t.TempDir()
	path := filepath.Join(w.vars["XDG_STATE_HOME"], "midwatch", "context")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("a b\x00\n\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.run("context", "-")
	if wrong, _ := wrongUse(err); !wrong || !strings.Contains(err.Error(), "does not hold the name of a context") {
		t.Errorf("got %v", err)
	}
	if _, _, err := w.run("context", "use", "prod"); err != nil {
		t.Errorf("by name: %v", err)
	}
}
