package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/config"
)

func env(pairs ...string) config.Getenv {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestStateRemembersTheOneBefore(t *testing.T) {
	dir := t.TempDir()
	s := config.StateIn(env("XDG_STATE_HOME", dir))
	steps := []struct{ use, current, previous string }{
		{"", "", ""},
		{"prod", "prod", ""},
		{"stage", "stage", "prod"},
		{"stage", "stage", "prod"},
		{"prod", "prod", "stage"},
	}
	for _, step := range steps {
		if step.use != "" {
			if err := s.Use(step.use); err != nil {
				t.Fatal(err)
			}
		}
		current, previous, err := s.Read()
		if err != nil || current != step.current || previous != step.previous {
			t.Errorf("after %q: %q, %q, %v; want %q, %q", step.use, current, previous, err, step.current, step.previous)
		}
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{
			filepath.Join(dir, "midwatch"):            0o700,
			filepath.Join(dir, "midwatch", "context"): 0o600,
		} {
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
			}
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "midwatch"))
	if err != nil || len(left) != 1 {
		t.Errorf("files are left behind: %v, %v", left, err)
	}
}

func TestStateIsWrittenWhole(t *testing.T) {
	s := config.StateIn(env("XDG_STATE_HOME", t.TempDir()))
	if err := s.Use("a"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			for range 25 {
				if err := s.Use(name); err != nil {
					t.Error(err)
				}
				if current, _, err := s.Read(); err != nil || len(current) != 1 {
					t.Errorf("read %q, %v", current, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestStateThatIsBroken(t *testing.T) {
	dir := t.TempDir()
	s := config.StateIn(env("XDG_STATE_HOME", dir))
	path := filepath.Join(dir, "midwatch", "context")
	if err := s.Use("prod"); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "\n", "a b\n", "prod\n\x1b[31m\n", "a\nb\nc\n", "none\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Read()
		var wrong *config.Error
		if !errors.As(err, &wrong) || strings.ContainsRune(err.Error(), '\x1b') || !strings.Contains(err.Error(), "context use") {
			t.Errorf("%q: %v", content, err)
		}
		if err := s.Use("stage"); err != nil {
			t.Errorf("%q cannot be put right: %v", content, err)
		}
		if current, previous, err := s.Read(); current != "stage" || previous != "" || err != nil {
			t.Errorf("%q: after putting it right: %q, %q, %v", content, current, previous, err)
		}
	}
}

func TestStateWithNowhereToGo(t *testing.T) {
	s := config.StateIn(env())
	if current, previous, err := s.Read(); current != "" || previous != "" || err != nil {
		t.Errorf("%q, %q, %v", current, previous, err)
	}
	var wrong *config.Error
	if err := s.Use("prod"); !errors.As(err, &wrong) {
		t.Errorf("chosen and kept nowhere: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := config.StateIn(env("XDG_STATE_HOME", file)).Use("prod"); err == nil || errors.As(err, &wrong) {
		t.Errorf("a folder that cannot be made is a failure of the machine: %v", err)
	}
	if err := s.Use("a b"); !errors.As(err, &wrong) {
		t.Errorf("no name of a context: %v", err)
	}
	for dir, e := range map[string]config.Getenv{
		"/s/midwatch":              env("XDG_STATE_HOME", "/s", "HOME", "/h"),
		"/h/.local/state/midwatch": env("XDG_STATE_HOME", "rel", "HOME", "/h"),
		"":                         env("HOME", "rel"),
	} {
		if got := config.StateDir(e); got != filepath.FromSlash(dir) {
			t.Errorf("state is kept in %q, want %q", got, dir)
		}
	}
}

func TestChoose(t *testing.T) {
	parse := func(names ...string) *config.File {
		f := &config.File{Path: "midwatch.yaml"}
		for _, n := range names {
			f.Contexts = append(f.Contexts, config.Context{Name: n})
		}
		return f
	}
	none, one, three := parse(), parse("prod"), parse("prod", "stage", "dev")
	for _, c := range []struct {
		why, flag, env, kept string
		file                 *config.File
		want, from, wrong    string
	}{
		{why: "the flag wins", file: three, flag: "dev", env: "stage", kept: "prod", want: "dev", from: "--context"},
		{why: "then the variable", file: three, env: "stage", kept: "prod", want: "stage", from: "MIDWATCH_CONTEXT"},
		{why: "then the choice that was kept", file: three, kept: "prod", want: "prod", from: "context use"},
		{why: "then the only one", file: one, want: "prod", from: "the only one"},
		{why: "several, each once, in the order given", file: three, flag: "stage, prod,stage", want: "stage prod", from: "--context"},
		{why: "none is none", file: three, flag: "none", kept: "prod"},
		{why: "none by the variable", file: one, env: "none"},
		{why: "no contexts at all", file: none},
		{why: "a choice is kept, the file is gone", file: none, kept: "prod"},
		{why: "nothing chosen", file: three, wrong: "midwatch.yaml: has 3 contexts and none is chosen (--context NAME, or `midwatch context use NAME`: prod, stage, dev)"},
		{why: "a slip", file: three, flag: "stgae", wrong: `--context: there is no context "stgae" (did you mean stage?)`},
		{why: "two slips", file: three, flag: "x,deb", wrong: "--context: there is no context \"x\" (known here: prod, stage, dev)\n--context: there is no context \"deb\" (did you mean dev?)"},
		{why: "the kept one is gone", file: one, kept: "old", wrong: `context use: there is no context "old" (known here: prod)`},
		{why: "named, and there is no file", file: none, flag: "prod", wrong: "--context: there is no context \"prod\" (no configuration has any: `midwatch config init` writes one)"},
		{why: "control characters", file: one, flag: "\x1b[2J", wrong: `--context: there is no context "\x1b[2J" (known here: prod)`},
	} {
		t.Run(c.why, func(t *testing.T) {
			e := env("XDG_STATE_HOME", t.TempDir(), "MIDWATCH_CONTEXT", c.env)
			s := config.StateIn(e)
			if c.kept != "" {
				if err := s.Use(c.kept); err != nil {
					t.Fatal(err)
				}
			}
			got, err := c.file.Choose(c.flag, e, s)
			if c.wrong != "" {
				var wrong *config.Error
				if !errors.As(err, &wrong) || err.Error() != c.wrong {
					t.Errorf("got %v\nwant %s", err, c.wrong)
				}
				return
			}
			var names []string
			for _, one := range got.Contexts {
				names = append(names, one.Name)
			}
			if err != nil || strings.Join(names, " ") != c.want || got.From != c.from {
				t.Errorf("got %v from %q, %v", names, got.From, err)
			}
		})
	}
	broken := config.StateIn(env("XDG_STATE_HOME", t.TempDir()))
	if err := broken.Use("prod"); err != nil {
		t.Fatal(err)
	}
	if names := three.Names(); strings.Join(names, " ") != "prod stage dev" {
		t.Errorf("names %v", names)
	}
}
