package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/file"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// names lists the services of a set with their instances.
func names(set registry.Set) string {
	var out []string
	for _, s := range set.Services {
		ids := []string{}
		for _, in := range s.Instances {
			ids = append(ids, in.ID)
		}
		out = append(out, s.Name+"="+strings.Join(ids, ","))
	}
	return strings.Join(out, " ")
}

func TestOpenRefuses(t *testing.T) {
	d := file.Driver()
	for path, want := range map[string]string{"": "no path", "/a/*/b.json": "one * is allowed", "/a/*x*.json": "one * is allowed", "/a/": "is a folder"} {
		_, err := d.Open(t.Context(), registry.Location{Path: path}, d.NewOptions(), registry.Env{})
		if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	if _, err := d.Open(t.Context(), registry.Location{Path: "x"}, 5, registry.Env{}); err == nil {
		t.Error("options of another kind were taken")
	}
	if err := registry.Decode(d.NewOptions(), map[string]string{"refresh": "1ms"}); !errors.Is(err, registry.ErrConfig) {
		t.Errorf("refresh: %v", err)
	}
}

func TestListRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge.yaml")
	write(t, huge, "")
	if err := os.Truncate(huge, 65<<20); err != nil {
		t.Fatal(err)
	}
	for path, c := range map[string]struct {
		want   string
		reason fleet.Reason
	}{
		filepath.Join(dir, "none.yaml"):   {"none.yaml: no such file", registry.ReasonNotFound},
		filepath.Join(dir, "a\x1b.yaml"):  {"a?.yaml: no such file", registry.ReasonNotFound},
		filepath.Join(dir, "no", "*.yml"): {"no: no such file", registry.ReasonNotFound},
		dir:                               {"is a folder", registry.ReasonNotFound},
		pipe:                              {"is no regular file", registry.ReasonNotFound},
		huge:                              {"too large: 65 MiB", registry.ReasonBody},
		filepath.Join(huge, "x"):          {"not a directory", registry.ReasonNotFound},
	} {
		set, err := open(t, path, nil, registry.Env{}).List(t.Context())
		var said *fleet.Error
		if !errors.Is(err, registry.ErrConfig) || !errors.As(err, &said) || said.Reason != c.reason || !strings.Contains(said.Detail, c.want) || set.Services != nil {
			t.Errorf("%s: %v (%+v), want %q", path, err, said, c.want)
		}
	}
}

func TestNoRight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	write(t, path, "[]")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, path, nil, registry.Env{}).List(t.Context())
	if os.Getuid() == 0 { // the superuser may read everything
		if err != nil {
			t.Error(err)
		}
		return
	}
	if !errors.Is(err, registry.ErrConfig) || !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestGlob(t *testing.T) {
	dir := t.TempDir()
	r := open(t, filepath.Join(dir, "sd-*.json"), nil, registry.Env{})
	set, err := r.List(t.Context())
	if err != nil || len(set.Services) != 0 || len(set.Warnings) != 1 || set.Warnings[0].Detail != "no file matches" {
		t.Fatalf("got %+v, %v", set, err)
	}
	write(t, filepath.Join(dir, "sd-a.json"), `[{"targets":["h:1","h:2"],"labels":{"job":"web"}}]`)
	write(t, filepath.Join(dir, "sd-b.json"), `[{"targets":["h:2","h:3"],"labels":{"job":"web"}},{"targets":["d:1"],"labels":{"job":"db"}}]`)
	write(t, filepath.Join(dir, "other.json"), "malformed")
	write(t, filepath.Join(dir, "sd-c.yaml"), "malformed")
	if err := os.Mkdir(filepath.Join(dir, "sd-d.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	set, err = r.List(t.Context())
	if err != nil || names(set) != "db=d:1 web=h:1,h:2,h:3" {
		t.Fatalf("got %s, %v", names(set), err)
	}
	if len(set.Warnings) != 1 || !strings.Contains(set.Warnings[0].Detail, `"h:2" of service "web" is in another file too`) {
		t.Errorf("warnings %+v", set.Warnings)
	}
	write(t, filepath.Join(dir, "sd-e.json"), "[")
	write(t, filepath.Join(dir, "sd-f.json"), "{")
	set, err = r.List(t.Context())
	if err == nil || set.Services != nil || !strings.Contains(err.Error(), "sd-e.json:1:2") || !strings.Contains(err.Error(), "sd-f.json:1:2") {
		t.Errorf("got %s, %v; want both files named", names(set), err)
	}
	all := open(t, filepath.Join(dir, "*.yaml"), nil, registry.Env{})
	write(t, filepath.Join(dir, ".hidden.yaml"), "malformed")
	write(t, filepath.Join(dir, "sd-c.yaml"), "[]")
	if _, err := all.List(t.Context()); err != nil {
		t.Errorf("a hidden file was read: %v", err)
	}
}

// watching runs a Watch and hands on what it says.
func watching(t *testing.T, r registry.Registry) (sets chan string, ended chan error) {
	t.Helper()
	sets, ended = make(chan string, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended <- r.Watch(ctx, func(s registry.Set) error { sets <- names(s); return nil })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return sets, ended
}

// next waits for the next set, which has to be as wanted.
func next(t *testing.T, sets chan string, ended chan error, want string) {
	t.Helper()
	select {
	case got := <-sets:
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case err := <-ended:
		t.Fatalf("Watch ended: %v", err)
	case <-time.After(5 * time.Second):
		t.Fatalf("nothing came, want %q", want)
	}
}

func TestWatchHalfWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	write(t, path, `[{"targets":["h:1"]}]`)
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	write(t, path, `[{"targets":["h:1"`)
	time.AfterFunc(300*time.Millisecond, func() { _ = os.WriteFile(path, []byte(`[{"targets":["h:1","h:2"]}]`), 0o600) })
	next(t, sets, ended, "f=h:1,h:2")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = os.WriteFile(path, []byte(`[{"targets":["h:3"]}]`), 0o600) })
	next(t, sets, ended, "f=h:3")
	write(t, path, "[")
	select {
	case err := <-ended:
		if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), "f.json:1:2") {
			t.Errorf("got %v", err)
		}
		ended <- err
	case set := <-sets:
		t.Errorf("a malformed file made the set %q", set)
	case <-time.After(5 * time.Second):
		t.Error("a file that stays malformed is not reported")
	}
}

func TestWatchGlob(t *testing.T) {
	dir := t.TempDir()
	sets, ended := watching(t, open(t, filepath.Join(dir, "*.json"), nil, registry.Env{}))
	next(t, sets, ended, "")
	write(t, filepath.Join(dir, "a.json"), `[{"targets":["h:1"]}]`)
	next(t, sets, ended, "a=h:1")
	write(t, filepath.Join(dir, "b.json"), `[{"targets":["h:2"]}]`)
	next(t, sets, ended, "a=h:1 b=h:2")
	if err := os.Remove(filepath.Join(dir, "a.json")); err != nil {
		t.Fatal(err)
	}
	next(t, sets, ended, "b=h:2")
}

// TestWatchConfigMap swaps a folder behind two links, as Kubernetes does.
func TestWatchConfigMap(t *testing.T) {
	dir := t.TempDir()
	version := func(name, text string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "f.json"), text)
		err := os.Symlink(name, filepath.Join(dir, "..data_tmp"))
		if err = errors.Join(err, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", `[{"targets":["h:1"]}]`)
	if err := os.Symlink("..data/f.json", filepath.Join(dir, "f.json")); err != nil {
		t.Fatal(err)
	}
	sets, ended := watching(t, open(t, filepath.Join(dir, "f.json"), nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	version("..2", `[{"targets":["h:2"]}]`)
	next(t, sets, ended, "f=h:2")
	version("..3", `[{"targets":["h:3"]}]`)
	next(t, sets, ended, "f=h:3")
}

// TestWatchLink follows a link to another folder, whose file changes in place.
func TestWatchLink(t *testing.T) {
	far, near := filepath.Join(t.TempDir(), "real.json"), filepath.Join(t.TempDir(), "f.json")
	write(t, far, `[{"targets":["h:1"]}]`)
	if err := os.Symlink(far, near); err != nil {
		t.Fatal(err)
	}
	sets, ended := watching(t, open(t, near, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	write(t, far, `[{"targets":["h:2"]}]`)
	next(t, sets, ended, "f=h:2")
}

// TestWatchFolderReplaced takes the whole folder away and puts another there.
func TestWatchFolderReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "f.json")
	write(t, path, `[{"targets":["h:1"]}]`)
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	if err := errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	write(t, path, `[{"targets":["h:2"]}]`)
	next(t, sets, ended, "f=h:2")
	write(t, path, `[{"targets":["h:3"]}]`)
	next(t, sets, ended, "f=h:3")
}

// TestWatchRefresh sees a change that nothing announced: here one behind two
// links, in a folder that is not watched.
func TestWatchRefresh(t *testing.T) {
	far, middle, near := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(far, "f.json"), `[{"targets":["h:1"]}]`)
	write(t, filepath.Join(far, "g.json"), `[{"targets":["h:2"]}]`)
	link := filepath.Join(middle, "f.json")
	err := errors.Join(os.Symlink(filepath.Join(far, "f.json"), link), os.Symlink(link, filepath.Join(near, "f.json")))
	if err != nil {
		t.Fatal(err)
	}
	sets, ended := watching(t, open(t, filepath.Join(near, "f.json"), map[string]string{"refresh": "1s"}, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	if err := errors.Join(os.Remove(link), os.Symlink(filepath.Join(far, "g.json"), link)); err != nil {
		t.Fatal(err)
	}
	next(t, sets, ended, "f=h:2")
}

func TestDriver(t *testing.T) {
	d := file.Driver()
	if !d.Trusted || !slices.Equal(d.Abilities, []registry.Ability{registry.CanWatch}) {
		t.Errorf("got %+v", d)
	}
}
