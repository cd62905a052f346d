package record_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/diff"
	"github.com/midwatch-cli/midwatch/fleet/record"
	"github.com/midwatch-cli/midwatch/fleet/record/line"
)

// holds compares what a reader gives at a place with what was written.
func holds(t *testing.T, d *record.Reader, n int, written []record.Pass) {
	t.Helper()
	var want []record.Pass // the newest of each context, in the order of contexts
	at := map[string]int{}
	for _, p := range written[:n+1] {
		name := p.Snapshot.Context
		if _, known := at[name]; !known {
			at[name], want = len(want), append(want, p)
		}
		want[at[name]] = p
	}
	got, err := d.At(n)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("pass %d: got %d contexts, and not what was written", n, len(got))
	}
}

// TestFromAnyPlace: what was written is read, in order and from any place, over
// one context and over several, compressed and not.
func TestFromAnyPlace(t *testing.T) {
	for _, tt := range []struct {
		file     string
		contexts []string
	}{
		{"a" + record.Extension, []string{""}},
		{"a.jsonl", []string{""}},
		{"a" + record.Extension, []string{"prod", "test", "prod"}},
		{"a.jsonl", []string{"prod", "test"}},
	} {
		t.Run(tt.file+strings.Join(tt.contexts, ","), func(t *testing.T) {
			written := passes(300, 3, tt.contexts...)
			path, counts := write(t, tt.file, written)
			r := open(t, path)
			if r.Cut != "" || r.Passes() != len(written) || r.End != counts || counts.Passes != len(written) || r.End.Why != "Ctrl-C" {
				t.Fatalf("%d passes, %+v, %+v, %q", r.Passes(), r.End, counts, r.Cut)
			}
			if r.Interval != 5*time.Second || !r.Start.Equal(start) || r.Version != "0.1.0" {
				t.Errorf("header %+v", r.Header)
			}
			d := r.Reader()
			defer d.Close()
			for n := range written {
				if p := r.Place(n); p.Seq != written[n].Snapshot.Seq || p.Context != written[n].Snapshot.Context || !p.At.Equal(written[n].Snapshot.At) {
					t.Fatalf("place %d: %+v", n, p)
				}
				holds(t, d, n, written)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range 60 {
				holds(t, d, rng.IntN(len(written)), written)
			}
			if _, err := d.At(len(written)); err == nil {
				t.Error("there is a pass behind the last")
			}
			if _, err := d.At(-1); err == nil {
				t.Error("there is a pass before the first")
			}
			holds(t, d, 0, written)
		})
	}
}

// TestWhatIsHandedOutStays: a reader that goes on does not change what it gave.
func TestWhatIsHandedOutStays(t *testing.T) {
	written := passes(20, 5, "")
	path, _ := write(t, "a.jsonl", written)
	d := open(t, path).Reader()
	defer d.Close()
	var all [][]record.Pass
	for n := range written {
		p, err := d.At(n)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for n := range written {
		if !reflect.DeepEqual(all[n][0], written[n]) {
			t.Fatalf("pass %d is another now", n)
		}
	}
}

// TestEvents are those of the feed, with their places.
func TestEvents(t *testing.T) {
	written := passes(80, 9, "a", "b")
	path, counts := write(t, "a"+record.Extension, written)
	r := open(t, path)
	var want []record.Event
	before := map[string]*fleet.Snapshot{}
	for n, p := range written {
		for _, e := range diff.Between(before[p.Snapshot.Context], p.Snapshot) {
			want = append(want, record.Event{Event: e, Pass: n})
		}
		before[p.Snapshot.Context] = p.Snapshot
	}
	got, gap := r.Events()
	if gap || len(got) < 20 || len(got) != counts.Events || !reflect.DeepEqual(got, want) {
		t.Errorf("%d events, want %d; gap %v", len(got), len(want), gap)
	}
}

func TestFind(t *testing.T) {
	written := passes(10, 1, "")
	path, _ := write(t, "a.jsonl", written)
	r := open(t, path)
	first, last := r.Span()
	for _, tt := range []struct {
		at   time.Time
		want int
	}{
		{first.Add(-1), -1}, {first, 0}, {first.Add(1), 0}, {last.Add(-1), 8}, {last, 9}, {last.Add(time.Hour), 9}, {time.Time{}, -1},
	} {
		if got := r.Find(tt.at); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.at, got, tt.want)
		}
	}
	path, _ = write(t, "b.jsonl", nil)
	r = open(t, path)
	if a, b := r.Span(); !a.IsZero() || !b.IsZero() || r.Find(start) != -1 {
		t.Errorf("an empty recording spans %v to %v", a, b)
	}
}

// TestClocksSetBack do not confuse the order.
func TestClocksSetBack(t *testing.T) {
	written := passes(5, 1, "")
	written[2].Snapshot.At = start
	path, _ := write(t, "a.jsonl", written)
	r := open(t, path)
	d := r.Reader()
	defer d.Close()
	for n := range written {
		holds(t, d, n, written)
	}
	if n := r.Find(written[1].Snapshot.At); n != 2 {
		t.Errorf("found %d", n)
	}
}

// TestOwnersAlone: nobody else reads it, and nothing is written over unasked.
func TestOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+record.Extension)
	if err := os.WriteFile(path, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := record.Create(path, line.Header{}, false)
	if !errors.Is(err, record.ErrExists) || !strings.HasPrefix(err.Error(), path) || record.HintOf(err) == "" {
		t.Fatalf("%v", err)
	}
	w, err := record.Create(path, line.Header{}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(start, ""); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if w.Size() != info.Size() || w.Size() == 0 {
		t.Errorf("size %d, want %d", w.Size(), info.Size())
	}
	if _, err := record.Create(filepath.Join(path, "below"), line.Header{}, false); err == nil || !strings.Contains(err.Error(), "below: ") {
		t.Errorf("a file below a file: %v", err)
	}
}

// TestFullDisk: what cannot be written is said once, with the file's name, and
// again at the end.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no device that is always full")
	}
	link := filepath.Join(t.TempDir(), "a"+record.Extension)
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	w, err := record.Create(link, line.Header{}, true)
	var e *record.Error
	if !errors.As(err, &e) || e.File != link || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
	if err := w.Pass(passes(1, 1, "")[0]); !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a pass: %v", err)
	}
	if err := w.Close(start, ""); !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the end: %v", err)
	}
}
