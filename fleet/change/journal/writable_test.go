package journal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change/journal"
)

// TestWritable: what would be in the way of writing is said before anybody wants
// to, and nothing is made by looking.
func TestWritable(t *testing.T) {
	home := t.TempDir()
	is, new := filepath.Join(home, "is"), filepath.Join(home, "new", "midwatch")
	j, err := journal.Open(t.Context(), is, journal.Options{})
	must(t, err)
	must(t, j.Close())
	must(t, os.WriteFile(filepath.Join(home, "file"), nil, 0o600))
	file := filepath.Join(is, journal.File)
	for _, c := range []struct{ name, dir, locked, says string }{
		{"one that is there", is, "", ""},
		{"one that would be made", new, "", ""},
		{"a file that can only be read", is, file, "the journal " + file + " cannot be used: it cannot be written to"},
		{"a folder that can only be read", is, is, "the journal " + file + " cannot be used: it cannot be written to"},
		{"nothing can be made", new, home, "the journal " + filepath.Join(new, journal.File) + " cannot be used: it cannot be written to"},
		{"what is locked is not in the way", is, home, ""},
		{"below a file", filepath.Join(home, "file", "x"), "", "the journal " + filepath.Join(home, "file", "x", journal.File) + " cannot be used: not a directory"},
		{"in place of a file", filepath.Join(home, "file"), "", "the journal " + filepath.Join(home, "file", journal.File) + " cannot be used: not a directory"},
		{"no home", "", "", "there is no folder for the journal"},
	} {
		err := journal.WritableBy(c.dir, func(path string) error {
			if path == c.locked {
				return &fs.PathError{Op: "access", Path: path, Err: fs.ErrPermission}
			}
			return nil
		})
		if said := ""; c.says != "" {
			if err != nil {
				said = err.Error()
			}
			if said != c.says || fleet.HintOf(err) == "" {
				t.Errorf("%s: %q, want %q; hint %q", c.name, said, c.says, fleet.HintOf(err))
			}
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	must(t, journal.Writable(is))
	must(t, journal.Writable(new))
	if _, err := os.Stat(filepath.Dir(new)); err == nil {
		t.Error("looking made a folder")
	}
}
