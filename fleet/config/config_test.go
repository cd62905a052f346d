package config_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// known is what a caller knows in these tests: three kinds of registry, two of
// which have options.
func known() config.Known {
	return config.Known{
		Schemes:  []string{"etcd", "consul", "file"},
		Profiles: []string{"go", "plain", "spring"},
		APIs:     []string{"actuator", "envoy", "haproxy", "mapping"},
		Registry: func(r config.Registry) []config.Fault {
			var faults []config.Fault
			for key, o := range r.Options {
				switch {
				case key == "layuot":
					faults = append(faults, config.Fault{Key: key, Message: "etcd has no such option", Hint: "did you mean layout?"})
				case key == "port" && o.Text == "70000":
					faults = append(faults, config.Fault{Key: key, Message: "70000 is out of range"})
				}
			}
			if strings.Contains(r.URL, "badhost") {
				faults = append(faults, config.Fault{Key: "url", Message: "is bad\nand\x1bworse", Hint: "do\x1bthis"})
			}
			return faults
		},
	}
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("%s differs; run with -update and look at the difference\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files for %s: %v", pattern, err)
	}
	return names
}

func TestInvalidFiles(t *testing.T) {
	for _, name := range files(t, "invalid-*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			f, err := config.Load(name, known())
			if f != nil {
				t.Error("a file came with the error")
			}
			var wrong *config.Error
			if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
				t.Fatalf("want an *Error with problems, got %v", err)
			}
			for _, p := range wrong.Problems {
				if p.File != name || p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Errorf("no place or no message: %#v", p)
				}
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".txt", []byte(err.Error()+"\n"))
		})
	}
}

// TestSecretsAreNotRepeated looks for the literals of the file that gives
// secrets as such, in everything an error can print.
func TestSecretsAreNotRepeated(t *testing.T) {
	_, err := config.Load("testdata/invalid-literal-secrets.yaml", known())
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	for _, p := range wrong.Problems {
		for _, secret := range []string{"hunter", "ter2", "1234567890"} {
			if strings.Contains(p.String(), secret) || strings.Contains(p.Hint, secret) {
				t.Errorf("the literal is repeated: %s", p)
			}
		}
	}
}

func TestValidFiles(t *testing.T) {
	for _, name := range files(t, "valid-*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			f, err := config.Load(name, known())
			if err != nil {
				t.Fatal(err)
			}
			shown, err := config.Show(f)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".show", shown)

			// What is shown reads as the same: written from another folder,
			// relative paths are already resolved.
			again, err := config.Parse("shown.yaml", shown, known())
			if err != nil {
				t.Fatalf("what is shown is refused: %v", err)
			}
			twice, err := config.Show(again)
			if err != nil || string(twice) != string(shown) {
				t.Errorf("shown twice it differs: %v\n%s", err, twice)
			}
		})
	}
}

func TestFindNamesTheFile(t *testing.T) {
	abs := func(p string) string { return filepath.FromSlash(p) }
	for _, c := range []struct {
		why      string
		env      map[string]string
		flag     string
		want     string
		explicit bool
	}{
		{"the flag wins", map[string]string{"MIDWATCH_CONFIG": "env.yaml", "HOME": "/home/me"}, "flag.yaml", "flag.yaml", true},
		{"then the variable", map[string]string{"MIDWATCH_CONFIG": "env.yaml", "HOME": "/home/me"}, "", "env.yaml", true},
		{"then XDG", map[string]string{"XDG_CONFIG_HOME": "/xdg", "HOME": "/home/me"}, "", "/xdg/midwatch/midwatch.yaml", false},
		{"then home", map[string]string{"HOME": "/home/me"}, "", "/home/me/.config/midwatch/midwatch.yaml", false},
		{"a relative XDG folder is the working folder's", map[string]string{"XDG_CONFIG_HOME": "here", "HOME": "/home/me"}, "", "/home/me/.config/midwatch/midwatch.yaml", false},
		{"a relative home too", map[string]string{"HOME": "."}, "", "", false},
		{"nothing at all", nil, "", "", false},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, explicit := config.Find(func(k string) string { return c.env[k] }, c.flag)
			if got != abs(c.want) || explicit != c.explicit {
				t.Errorf("got %q, %v; want %q, %v", got, explicit, c.want, c.explicit)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	home := t.TempDir()
	env := func(k string) string { return map[string]string{"XDG_CONFIG_HOME": home}[k] }

	f, err := config.Open(env, "", known())
	if err != nil || f == nil || len(f.Contexts) != 0 || f.Path != "" {
		t.Errorf("no file at all is an empty configuration, got %+v, %v", f, err)
	}
	_, err = config.Open(env, filepath.Join(home, "missing.yaml"), known())
	var wrong *config.Error
	if !errors.As(err, &wrong) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "missing.yaml: there is no such file") {
		t.Errorf("a file that was named and is missing: %v", err)
	}

	path := filepath.Join(home, "midwatch", "midwatch.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("contexts: [{name: a, registries: [etcd://a]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err = config.Open(env, "", known())
	if err != nil || f.Context("a") == nil || f.Path != path {
		t.Errorf("the user's own file: %+v, %v", f, err)
	}
	if f.Context("b") != nil {
		t.Error("a context nobody configured")
	}
	if err := os.WriteFile(path, []byte("contexts: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = config.Open(env, "", known()); !errors.As(err, &wrong) {
		t.Errorf("the user's own file is wrong and that is not said: %v", err)
	}
	if f, err := config.Open(func(string) string { return "" }, "", known()); err != nil || f == nil {
		t.Errorf("no home: %v", err)
	}
}

func TestLoadRefusesWhatIsNoFileOfOurs(t *testing.T) {
	dir := t.TempDir()
	big, broken := filepath.Join(dir, "big.yaml"), filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(big, []byte(strings.Repeat("# a comment\n", 50_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte("contexts:\n  - name: \xff\xfe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:    ": cannot be read: ",
		big:    ": is larger than 512 KiB",
		broken: ":2:1: is not UTF-8 text",
	} {
		_, err := config.Load(path, known())
		var wrong *config.Error
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

// TestNotChecked shows that what a caller does not know is taken as it is.
func TestNotChecked(t *testing.T) {
	f, err := config.Parse("x.yaml", []byte("contexts: [{name: a, registries: [what://x], services: [{match: a, profile: nobody}]}]"), config.Known{})
	if err != nil || f.Contexts[0].Registries[0].URL != "what://x" {
		t.Errorf("%+v, %v", f, err)
	}
	_, err = config.Parse("x.yaml", []byte("contexts: [{name: a, registries: [etcd://badhost]}]"), known())
	if err == nil || err.Error() != "x.yaml:1:35: contexts[0].registries[0]: is bad (do?this)\nx.yaml:1:35: contexts[0].registries[0]: and?worse (do?this)" {
		t.Errorf("a fault of the URL: %v", err)
	}
	if _, err := config.Parse("x.yaml", []byte("contexts: [{name: a, registries: [consul+unix:///run/c.sock]}]"), known()); err != nil {
		t.Errorf("a socket: %v", err)
	}
}
