package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// targets is a file_sd document of one service's targets.
func targets(names ...string) string {
	return `[{"targets":["` + strings.Join(names, `","`) + `"]}]`
}

// nothing makes sure that no set comes for a moment, and that the Watch goes on.
func nothing(t *testing.T, sets chan string, ended chan error, d time.Duration) {
	t.Helper()
	select {
	case got := <-sets:
		t.Fatalf("got %q, want nothing", got)
	case err := <-ended:
		t.Fatalf("Watch ended: %v", err)
	case <-time.After(d):
	}
}

// ends waits for the Watch to end.
func ends(t *testing.T, sets chan string, ended chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		ended <- err
		return err
	case got := <-sets:
		t.Fatalf("got the set %q, want an end", got)
	case <-time.After(5 * time.Second):
		t.Fatal("Watch goes on")
	}
	return nil
}

// TestWatchAtomicRenames sees each file that is put in place by a rename, the
// way careful writers do it, and none of the files beside it.
func TestWatchAtomicRenames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f.json")
	write(t, path, targets("h:9"))
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:9")
	for i := 1; i <= 3; i++ {
		fresh := filepath.Join(dir, ".f.json.tmp")
		write(t, fresh, targets(fmt.Sprint("h:", i)))
		if err := os.Rename(fresh, path); err != nil {
			t.Fatal(err)
		}
		next(t, sets, ended, fmt.Sprint("f=h:", i))
	}
	write(t, filepath.Join(dir, "g.json"), targets("other:1"))
	write(t, filepath.Join(dir, "f.json~"), targets("backup:1"))
	nothing(t, sets, ended, 200*time.Millisecond)
}

// TestWatchSameContent: a file that is written anew with the same in it, or
// touched, is no change.
func TestWatchSameContent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	write(t, path, targets("h:1"))
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	write(t, path, targets("h:1"))
	now := time.Now()
	if err := os.Chtimes(path, now, now); err != nil {
		t.Fatal(err)
	}
	nothing(t, sets, ended, 300*time.Millisecond)
	write(t, path, targets("h:2"))
	next(t, sets, ended, "f=h:2")
}

// TestWatchTruncate: a file that is empty for a moment is being written; no
// empty set comes of it.
func TestWatchTruncate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	write(t, path, targets("h:1"))
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	for i := 2; i <= 3; i++ {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(200*time.Millisecond, func() { _ = os.WriteFile(path, []byte(targets(fmt.Sprint("h:", i))), 0o600) })
		next(t, sets, ended, fmt.Sprint("f=h:", i))
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := ends(t, sets, ended); !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), "f.json:1:1: the file is empty") {
		t.Errorf("got %v", err)
	}
}

// TestWatchFileGone: a file that stays away ends the Watch with its name; it is
// never an empty set.
func TestWatchFileGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	for what, remove := range map[string]func(string) error{
		"the file":   os.Remove,
		"its folder": func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
		"moved away": func(path string) error { return os.Rename(path, path+".old") },
		"a folder in its place": func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(dir, strings.ReplaceAll(what, " ", "-"))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "f.json")
			write(t, path, targets("h:1"))
			sets, ended := watching(t, open(t, path, nil, registry.Env{}))
			next(t, sets, ended, "f=h:1")
			if err := remove(path); err != nil {
				t.Fatal(err)
			}
			err := ends(t, sets, ended)
			var said *fleet.Error
			if !errors.As(err, &said) || said.Reason != registry.ReasonNotFound || !strings.Contains(said.Detail, "f.json") {
				t.Errorf("got %+v", err)
			}
		})
	}
}

// TestWatchGlobFolderGone: the folder of a glob vanishes and comes back in
// time with other files.
func TestWatchGlobFolderGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sd")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.json"), targets("h:1"))
	sets, ended := watching(t, open(t, filepath.Join(dir, "*.json"), nil, registry.Env{}))
	next(t, sets, ended, "a=h:1")
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() {
		fresh := dir + ".new"
		_ = os.Mkdir(fresh, 0o700)
		_ = os.WriteFile(filepath.Join(fresh, "b.json"), []byte(targets("h:2")), 0o600)
		_ = os.Rename(fresh, dir)
	})
	next(t, sets, ended, "b=h:2")
	write(t, filepath.Join(dir, "c.json"), targets("h:3"))
	next(t, sets, ended, "b=h:2 c=h:3")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	// Files may go one by one before the folder does.
	for {
		select {
		case <-sets:
			continue
		case err := <-ended:
			ended <- err
			if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), "sd: no such file") {
				t.Errorf("got %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("the folder is gone and that is not said")
		}
		return
	}
}

// TestWatchManyWriters: however quickly it is written, the last content comes
// in the end, and each set on the way is one that was written.
func TestWatchManyWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f.json")
	write(t, path, targets("h:1"))
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 25 {
				fresh := filepath.Join(dir, fmt.Sprint(".", w))
				if err := errors.Join(os.WriteFile(fresh, []byte(targets(fmt.Sprint("h:", 2+w*25+i))), 0o600), os.Rename(fresh, path)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	write(t, path, targets("last:1"))
	for {
		select {
		case got := <-sets:
			if got == "f=last:1" {
				return
			}
			var n int
			if _, err := fmt.Sscanf(got, "f=h:%d", &n); err != nil || n < 2 || n > 101 {
				t.Fatalf("the set %q was never written", got)
			}
		case err := <-ended:
			t.Fatalf("Watch ended: %v", err)
		case <-time.After(5 * time.Second):
			t.Fatal("the last content does not come")
		}
	}
}

// TestWatchLinkMoved: the link itself is pointed elsewhere, as when a release
// is switched.
func TestWatchLinkMoved(t *testing.T) {
	t.Parallel()
	dir, releases := t.TempDir(), t.TempDir()
	for _, n := range []string{"1", "2"} {
		write(t, filepath.Join(releases, n+".json"), targets("h:"+n))
	}
	path := filepath.Join(dir, "f.json")
	point := func(n string) {
		err := errors.Join(os.Symlink(filepath.Join(releases, n+".json"), path+".tmp"), os.Rename(path+".tmp", path))
		if err != nil {
			t.Fatal(err)
		}
	}
	point("1")
	sets, ended := watching(t, open(t, path, nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	point("2")
	next(t, sets, ended, "f=h:2")
	// Now it is the new target that is watched.
	write(t, filepath.Join(releases, "2.json"), targets("h:3"))
	next(t, sets, ended, "f=h:3")
	if err := os.Remove(filepath.Join(releases, "2.json")); err != nil {
		t.Fatal(err)
	}
	if err := ends(t, sets, ended); !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), "f.json: no such file") {
		t.Errorf("a link to nothing: %v", err)
	}
}

// TestWatchConfigMapGlob: Kubernetes swaps all files of a volume at
// once; a glob sees files come and go with it.
func TestWatchConfigMapGlob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	swap := func(version string, files map[string]string) {
		t.Helper()
		data := filepath.Join(dir, "..v"+version)
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range files {
			write(t, filepath.Join(data, name), text)
		}
		err := errors.Join(os.Symlink("..v"+version, filepath.Join(dir, "..data_tmp")), os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		if err != nil {
			t.Fatal(err)
		}
		// As the kubelet does: links of new keys are made after the swap, those
		// of keys that are gone are removed.
		for name := range files {
			_ = os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name))
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, keep := files[e.Name()]; !keep && !strings.HasPrefix(e.Name(), "..") {
				if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	swap("1", map[string]string{"a.json": targets("h:1"), "b.json": targets("h:2")})
	sets, ended := watching(t, open(t, filepath.Join(dir, "*.json"), nil, registry.Env{}))
	next(t, sets, ended, "a=h:1 b=h:2")
	swap("2", map[string]string{"a.json": targets("h:3"), "c.json": targets("h:4")})
	next(t, sets, ended, "a=h:3 c=h:4")
}

// TestWatchEmitError: what emit returns ends the Watch, at once and unchanged.
func TestWatchEmitError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	write(t, path, targets("h:1"))
	r := open(t, path, nil, registry.Env{})
	stop := errors.New("stop")
	if err := r.Watch(t.Context(), func(registry.Set) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	calls := 0
	done := make(chan error, 1)
	first := make(chan struct{})
	go func() {
		done <- r.Watch(t.Context(), func(registry.Set) error {
			if calls++; calls == 1 {
				close(first)
				return nil
			}
			return stop
		})
	}()
	<-first
	write(t, path, targets("h:2"))
	if err := <-done; !errors.Is(err, stop) || calls != 2 {
		t.Errorf("got %v after %d sets", err, calls)
	}
}

// TestWatchEnds with the context and with Close, also while it waits for a
// file that is malformed to become whole.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	for what, c := range map[string]struct {
		end  func(registry.Registry, context.CancelFunc)
		want error
	}{
		"cancelled": {func(_ registry.Registry, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"closed":    {func(r registry.Registry, _ context.CancelFunc) { _, _ = r.Close(), r.Close() }, nil},
	} {
		for _, broken := range []bool{false, true} {
			write(t, path, targets("h:1"))
			r := open(t, path, nil, registry.Env{})
			ctx, cancel := context.WithCancel(t.Context())
			done, first := make(chan error, 1), make(chan struct{})
			go func() { done <- r.Watch(ctx, func(registry.Set) error { close(first); return nil }) }()
			<-first
			if broken {
				write(t, path, "[")
				<-time.After(150 * time.Millisecond) // into the time it is given to become whole
			}
			began := time.Now()
			c.end(r, cancel)
			err := <-done
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("%s, broken %v: it took %v", what, broken, took)
			}
			if err == nil || errors.Is(err, registry.ErrConfig) || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%s, broken %v: got %v", what, broken, err)
			}
			cancel()
			if _, err := r.List(ctx); what == "cancelled" && !errors.Is(err, context.Canceled) {
				t.Errorf("List after the end: %v", err)
			}
		}
	}
}

// TestWatchStartsWrong: what is wrong from the start is said at once.
func TestWatchStartsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.json"), "[")
	for path, want := range map[string]string{
		filepath.Join(dir, "bad.json"):       "bad.json:1:2: not JSON",
		filepath.Join(dir, "none.json"):      "none.json: no such file",
		filepath.Join(dir, "none", "x.json"): "x.json: no such file",
		filepath.Join(dir, "none", "*.json"): "none: no such file",
	} {
		err := open(t, path, nil, registry.Env{}).Watch(t.Context(), func(registry.Set) error { t.Error("a set came"); return nil })
		if !errors.Is(err, registry.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

// TestListWhileWritten: a writer that never rests, and truncates before it
// writes, does not make a whole file look malformed.
func TestListWhileWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	write(t, path, targets("h:1"))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				_ = os.Truncate(path, 0)
			}
			<-time.After(20 * time.Millisecond)
			_ = os.WriteFile(path, []byte(targets("h:1")), 0o600)
		}
	}()
	r := open(t, path, nil, registry.Env{})
	for range 3 {
		if set, err := r.List(t.Context()); err != nil || names(set) != "f=h:1" {
			t.Errorf("got %s, %v", names(set), err)
		}
	}
	close(stop)
	<-done
}
