package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// file writes bytes to a file.
func file(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readThrough reads all there is of a recording that may be anything.
func readThrough(r *record.Recording) error {
	d := r.Reader()
	defer d.Close()
	for n := range r.Passes() {
		if _, err := d.At(n); err != nil {
			return err
		}
	}
	if r.Passes() == 0 {
		return nil
	}
	s, err := r.Sampler(r.Place(0).At.Add(-1))
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Read(r.Passes()-1, nothing{})
}

type nothing struct{}

func (nothing) Series(line.Series) error   { return nil }
func (nothing) Samples(line.Samples) error { return nil }

// TestCutAnywhere: a recording that is cut off at any byte is the passes before,
// and says so.
func TestCutAnywhere(t *testing.T) {
	for _, name := range []string{"a" + record.Extension, "a.jsonl"} {
		t.Run(name, func(t *testing.T) {
			written := passes(130, 4, "a", "b") // beyond whole ones: 60 for each
			path, _ := write(t, name, written)
			whole := content(t, path)
			most, step := 0, len(whole)/60
			for size := 0; size < len(whole); size += step {
				r, err := record.Open(file(t, whole[:size]))
				if err != nil {
					if most > 0 || !errors.Is(err, line.ErrOther) {
						t.Fatalf("%d of %d bytes: %v", size, len(whole), err)
					}
					continue
				}
				n := r.Passes()
				if n < most || r.Cut == "" || r.End.Passes != n || r.End.Why != "" {
					t.Fatalf("%d of %d bytes: %d passes after %d, %q", size, len(whole), n, most, r.Cut)
				}
				if most = n; n > 0 {
					d := r.Reader()
					holds(t, d, n-1, written)
					d.Close()
				}
				if err := readThrough(r); err != nil {
					t.Fatalf("%d of %d bytes: %v", size, len(whole), err)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if most < len(written)-2 {
				t.Errorf("of nearly all there were %d passes only", most)
			}
		})
	}
}

func TestCutSaysWhere(t *testing.T) {
	path, _ := write(t, "a.jsonl", passes(3, 1, ""))
	text := string(content(t, path))
	lines := strings.SplitAfter(text, "\n")
	last := func(kind string) int { // the line after the last of that kind
		at := 0
		for i, l := range lines {
			if strings.Contains(l, `"kind":"`+kind+`"`) {
				at = i + 1
			}
		}
		return at
	}
	for _, tt := range []struct{ text, want string }{
		{strings.Join(lines[:last("Change")], ""), "ends after pass 3, without an end: the recorder was ended, or is still at work"},
		{strings.Join(lines[:last("Change")], "") + `{"kind":"Chan`, "ends in the middle of pass 4: the recorder was ended"},
		{strings.Join(lines[:last("Change")], "") + `{"kind":"Series","count":1,"first":0,"series":[{}]}` + "\n", "ends in the middle of pass 4: the recorder was ended"},
		{strings.TrimSuffix(text, "\n"), "ends in the middle of pass 4: the recorder was ended"}, // its end is not whole
		{lines[0], "ends after pass 0, without an end: the recorder was ended, or is still at work"},
	} {
		if r := open(t, file(t, []byte(tt.text))); r.Cut != tt.want {
			t.Errorf("%q, want %q", r.Cut, tt.want)
		}
	}
}

// TestDamaged: what was changed on the way is read up to there, or refused;
// nothing panics, and no more is said than is there.
func TestDamaged(t *testing.T) {
	written := passes(70, 4, "")
	path, _ := write(t, "a"+record.Extension, written)
	whole := content(t, path)
	said := 0
	for at := 0; at < len(whole); at += len(whole) / 60 {
		data := bytes.Clone(whole)
		data[at] ^= 0x55
		r, err := record.Open(file(t, data))
		if err != nil {
			continue
		}
		if r.Cut != "" {
			said++
		}
		if n := r.Passes(); n > len(written) {
			t.Fatalf("byte %d: %d passes", at, n)
		}
		_ = readThrough(r) // may fail: the checksum stands behind what it is of
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if said == 0 {
		t.Error("no damage was ever said")
	}
	if r := open(t, file(t, append(bytes.Clone(whole[:len(whole)/2]), make([]byte, 4096)...))); !strings.Contains(r.Cut, "damaged") && !strings.Contains(r.Cut, "middle") {
		t.Errorf("zeros behind it: %q", r.Cut)
	}
}

// TestOtherHands: what others made of the same lines is the same recording.
func TestOtherHands(t *testing.T) {
	written := passes(130, 6, "")
	path, _ := write(t, "a.jsonl", written)
	text := content(t, path)
	packed := func(parts ...[]byte) []byte {
		var b bytes.Buffer
		b.Write([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'h', 'i', '!'}) // a frame that is to be skipped
		for _, p := range parts {
			w, err := zstd.NewWriter(&b, zstd.WithEncoderCRC(len(p)%2 == 0))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write(p)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	third := len(text) / 3
	for name, data := range map[string][]byte{
		"one frame":                      packed(text),
		"frames that end anywhere":       packed(text[:third], text[third:2*third], text[2*third:]),
		"lines and members nobody knows": []byte(strings.ReplaceAll(string(text), `{"kind":"Event"`, "{\"kind\":\"Weather\",\"rain\":[1,{}]}\n{\"kind\":\"Event\",\"colour\":\"red\"")),
		"members in another order":       []byte(strings.Replace(string(text), `{"kind":"Snapshot","seq":1,`, `{"seq":1,"kind":"Snapshot",`, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "lines") {
				data = bytes.Join(bytes.SplitAfter(data, []byte("\n"))[:100], nil) // without an end, which counts lines
			}
			r := open(t, file(t, data))
			d := r.Reader()
			defer d.Close()
			if r.Passes() == 0 {
				t.Fatal("no pass")
			}
			for _, n := range []int{r.Passes() - 1, 0, r.Passes() / 2} {
				holds(t, d, n, written)
			}
			if err := readThrough(r); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	path, counts := write(t, "a.jsonl", passes(3, 1, ""))
	lines := strings.SplitAfter(string(content(t, path)), "\n")
	head := lines[0]
	without := func(n int) string {
		return strings.Join(append(append([]string(nil), lines[:n]...), lines[n+1:]...), "")
	}
	for _, tt := range []struct {
		name, text string
		line       int
		says       string
	}{
		{"nothing", "", 0, "this is no recording"},
		{"a page", "<html>\n", 1, "this is no recording"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", 1, "this is no recording"},
		{"another document", `{"apiVersion":"midwatch/v1","kind":"Check"}` + "\n", 1, "this is no recording"},
		{"a later version", strings.Replace(head, "midwatch/v1", "midwatch/v2", 1), 1, `it was written by a newer midwatch: it says "midwatch/v2"`},
		{"a line that is none", head + "hello\n", 2, "not a JSON object with a kind"},
		{"no kind", head + "{}\n", 2, "not a JSON object with a kind"},
		{"a line is missing", without(2), len(lines) - 2, fmt.Sprintf("lines are missing: it says that there are %d, of 3 passes, and %d are there", counts.Lines, counts.Lines-1)},
		{"the first pass is missing", without(1), 2, `it says what is different from a pass over context "" that is not there`},
		{"a pass comes twice", head + lines[1] + `{"kind":"Change","seq":1}` + "\n", 3, "pass 1 comes after pass 1"},
		{"an end before the end", strings.Join(append(lines[:len(lines):len(lines)], lines[1]), ""), len(lines), "there are lines behind the end"},
		{"an event that is none", head + `{"kind":"Event","why":7}` + "\n", 2, "why is no place for a number"},
		{"an end that is none", head + `{"kind":"End","lines":"x"}` + "\n", 2, "lines is no place for a string"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := file(t, []byte(tt.text))
			_, err := record.Open(name)
			var e *record.Error
			if !errors.As(err, &e) || e.Line != tt.line || e.File != name || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want line %d and %q", err, tt.line, tt.says)
			}
			if tt.line > 0 && !strings.HasPrefix(err.Error(), fmt.Sprintf("%s:%d: ", name, tt.line)) {
				t.Errorf("no place: %v", err)
			}
		})
	}
	if _, err := record.Open(t.TempDir()); err == nil {
		t.Error("a folder is taken")
	}
	if _, err := record.Open(filepath.Join(t.TempDir(), "none")); err == nil || !strings.HasSuffix(err.Error(), "none: no such file or directory") {
		t.Errorf("no file: %v", err)
	}
}

// TestWrongBelowItsHead: a line is decoded by who needs it; what is wrong with
// it is said with its place then, and the other passes are unharmed.
func TestWrongBelowItsHead(t *testing.T) {
	path, _ := write(t, "a.jsonl", passes(3, 1, ""))
	text := strings.Replace(string(content(t, path)), `{"kind":"Change","seq":3,`, `{"kind":"Change","seq":3,"warnings":7,`, 1)
	r := open(t, file(t, []byte(text)))
	d := r.Reader()
	defer d.Close()
	for range 2 {
		if _, err := d.At(1); err != nil {
			t.Fatal(err)
		}
		_, err := d.At(2)
		var e *record.Error
		if !errors.As(err, &e) || e.Line != 1+strings.Count(text[:strings.Index(text, `"warnings":7`)], "\n") {
			t.Errorf("%v", err)
		}
	}
}

// FuzzOpen: no file makes a panic or takes all memory, and what was opened can
// be read, or says what is wrong with it.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	for _, name := range []string{"a.jsonl", "a" + record.Extension} {
		path := filepath.Join(dir, name)
		w, err := record.Create(path, line.Header{Version: "0.1.0", Contexts: []string{""}, Start: start}, false)
		if err != nil {
			f.Fatal(err)
		}
		sampled(w, 2)
		for n := range uint64(2) { // small: the fuzzer tries every byte
			s := &fleet.Snapshot{Seq: n + 1, At: start, Services: []fleet.ServiceView{{Status: fleet.Status(n + 1), Ref: fleet.Ref{Name: "a"}}}}
			if err := w.Pass(record.Pass{Snapshot: s}); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(start, ""); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := record.Open(file(t, data))
		if err != nil {
			return
		}
		defer r.Close()
		_ = readThrough(r)
		_, _ = io.WriteString(io.Discard, r.Cut)
	})
}
