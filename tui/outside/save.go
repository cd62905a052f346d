package outside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/plain"
)

// save writes the page into a file.
func (o *Outside) save(name string, over bool) error {
	lines, home := o.whole(), o.world.Getenv("HOME")
	o.screen.Do(func() tea.Msg {
		path, err := Save(name, strings.Join(lines, "\n")+"\n", home, over)
		return Msg{note: fmt.Sprintf("saved %d lines: %s", len(lines), plain.Line(path)), err: err}
	})
	return nil
}

// Save writes a text into a file that only its owner reads, and returns where that
// is. Over: in place of one that is there. It writes nothing but files: a text has
// no business on a device.
func Save(name, text, home string, over bool) (path string, err error) {
	if path, err = expand(name, home); err != nil {
		return "", err
	}
	flag := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if over {
		flag = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return "", &fleet.Error{Detail: plain.Line(path) + " is no file", Hint: "a folder has room for one: " + plain.Line(filepath.Join(path, "fleet.txt"))}
		}
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return "", refused(path, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		if !over {
			err = errors.Join(err, os.Remove(path)) // half of it is no page
		}
		return "", refused(path, err)
	}
	return path, nil
}

// expand is a path as a shell would have it: ~ is one's home.
func expand(name, home string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "~"); ok {
		if rest != "" && rest[0] != '/' || home == "" {
			return "", &fleet.Error{Detail: "nobody says where " + plain.Line(name) + " is", Hint: "give the whole path"}
		}
		name = filepath.Join(home, rest)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return "", &fleet.Error{Detail: plain.Line(name) + ": where this runs is not known", Hint: "give the whole path", Err: err}
	}
	return path, nil
}

// refused is why there is no file, and what to do.
func refused(path string, err error) error {
	e := &fleet.Error{Detail: plain.Line(path) + ": " + cause(err), Err: err}
	switch info, _ := os.Stat(path); {
	case info != nil && info.IsDir():
		e.Detail, e.Hint = plain.Line(path)+" is a folder", "name a file in it"
	case errors.Is(err, fs.ErrExist):
		e.Detail, e.Hint = plain.Line(path)+" is there already", ":save! writes in its place"
	case errors.Is(err, fs.ErrNotExist):
		e.Detail = "there is no folder " + plain.Line(filepath.Dir(path))
		e.Hint = "make it first, or :save ~/" + plain.Line(filepath.Base(path))
	case errors.Is(err, fs.ErrPermission):
		e.Hint = ":save ~/" + plain.Line(filepath.Base(path))
	}
	return e
}

// cause is what went wrong, without the path, which is said already.
func cause(err error) string {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return err.Error()
}
