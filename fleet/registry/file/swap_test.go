package file_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// TestWatchFolderSwapped is a bug that was: a folder on the way to the file is a
// link that is swapped for another, as Kubernetes swaps ..data and releases are
// switched, and it was seen at the next refresh only.
func TestWatchFolderSwapped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path string // below the folder
		links      [][2]string
		swapped    string // which of them moves
	}{
		{"the folder itself", "..data/f.json", [][2]string{{"..data", "v%s"}}, "..data"},
		{"a folder above it", "current/conf/f.json", [][2]string{{"current", "v%s"}}, "current"},
		{"a link behind a link", "current/f.json", [][2]string{{"current", "releases/latest"}, {"releases/latest", "../v%s"}}, "releases/latest"},
		{"the file is a link through it", "f.json", [][2]string{{"f.json", "current/f.json"}, {"current", "v%s"}}, "current"},
		{"all files of it", "current/*.json", [][2]string{{"current", "v%s"}}, "current"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, n := range []string{"1", "2"} {
				below := filepath.Join(dir, "v"+n)
				if err := errors.Join(os.MkdirAll(filepath.Join(below, "conf"), 0o700), os.MkdirAll(filepath.Join(dir, "releases"), 0o700)); err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(below, "f.json"), targets("h:"+n))
				write(t, filepath.Join(below, "conf", "f.json"), targets("h:"+n))
			}
			point := func(name, target string) {
				link := filepath.Join(dir, name)
				if err := errors.Join(os.Symlink(target, link+"_tmp"), os.Rename(link+"_tmp", link)); err != nil {
					t.Fatal(err)
				}
			}
			to := func(n string) {
				for _, l := range c.links {
					if n == "1" || l[0] == c.swapped {
						point(l[0], strings.ReplaceAll(l[1], "%s", n))
					}
				}
			}
			to("1")
			sets, ended := watching(t, open(t, filepath.Join(dir, c.path), nil, registry.Env{}))
			next(t, sets, ended, "f=h:1")
			to("2")
			next(t, sets, ended, "f=h:2")
			// From now on it is the new folder that is watched, and the next swap is
			// seen as well, also when the old folder is taken away behind it.
			write(t, filepath.Join(dir, "v2", "f.json"), targets("h:3"))
			write(t, filepath.Join(dir, "v2", "conf", "f.json"), targets("h:3"))
			next(t, sets, ended, "f=h:3")
			to("1")
			if err := os.RemoveAll(filepath.Join(dir, "v2")); err != nil {
				t.Fatal(err)
			}
			for got := ""; got != "f=h:1"; {
				select {
				case got = <-sets:
				case err := <-ended:
					t.Fatalf("Watch ended: %v", err)
				case <-time.After(5 * time.Second):
					t.Fatal("the swap back does not come")
				}
			}
		})
	}
}

// TestWatchRelative: a path that is told from the working folder, whose own
// names may be links as well.
func TestWatchRelative(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"1", "2"} {
		if err := os.Mkdir(filepath.Join(dir, "v"+n), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "v"+n, "f.json"), targets("h:"+n))
	}
	link := filepath.Join(dir, "current")
	if err := os.Symlink("v1", link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	sets, ended := watching(t, open(t, "current/f.json", nil, registry.Env{}))
	next(t, sets, ended, "f=h:1")
	write(t, filepath.Join(dir, "v1", "f.json"), targets("h:7"))
	next(t, sets, ended, "f=h:7")
	if err := errors.Join(os.Symlink("v2", link+"_tmp"), os.Rename(link+"_tmp", link)); err != nil {
		t.Fatal(err)
	}
	next(t, sets, ended, "f=h:2")
}

// TestWatchLinksInACircle: what leads nowhere is a missing file, and said.
func TestWatchLinksInACircle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(os.Symlink("b", filepath.Join(dir, "a")), os.Symlink("a", filepath.Join(dir, "b"))); err != nil {
		t.Fatal(err)
	}
	_, ended := watching(t, open(t, filepath.Join(dir, "a", "f.json"), nil, registry.Env{}))
	select {
	case err := <-ended:
		ended <- err
		if err == nil {
			t.Error("it is fine")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Watch goes on")
	}
}

// TestWatchSwappedWithoutEnd is a bug that was: folders that are swapped, removed
// and made anew again and again, as deploys do it, made the watcher of the system
// lose its way and panic.
func TestWatchSwappedWithoutEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link, far := filepath.Join(dir, "current"), filepath.Join(dir, "f.json")
	put := func(n int) {
		below := filepath.Join(dir, fmt.Sprint("v", n/2%2)) // every second time it is the one in use
		if err := errors.Join(os.RemoveAll(below), os.Mkdir(below, 0o700)); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(below, "f.json"), targets(fmt.Sprint("h:", n+1)))
		if err := errors.Join(os.Symlink(below, link+"_tmp"), os.Rename(link+"_tmp", link)); err != nil {
			t.Fatal(err)
		}
	}
	put(0)
	if err := os.Symlink("current/f.json", far); err != nil {
		t.Fatal(err)
	}
	direct, dended := watching(t, open(t, filepath.Join(link, "f.json"), nil, registry.Env{}))
	linked, lended := watching(t, open(t, far, nil, registry.Env{}))
	next(t, direct, dended, "f=h:1")
	next(t, linked, lended, "f=h:1")
	const last = 600
	for n := 1; n <= last; n++ {
		put(n)
	}
	for _, w := range []struct {
		sets  chan string
		ended chan error
	}{{direct, dended}, {linked, lended}} {
		for got := ""; got != fmt.Sprint("f=h:", last+1); {
			select {
			case got = <-w.sets:
			case err := <-w.ended:
				t.Fatalf("Watch ended: %v", err)
			case <-time.After(10 * time.Second):
				t.Fatalf("the last one does not come; got %s", got)
			}
		}
	}
}
