package red_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/metrics"
	"github.com/midwatch-cli/midwatch/fleet/metrics/red"
)

var update = flag.Bool("update", false, "write the golden file")

// began is when scrapes of tests begin.
var began = time.Unix(1_795_000_000, 0).UTC()

var orders = metrics.NewLabels("source", "file", "service", "orders", "instance", "orders-1")

// pages are the recorded pages and those made after documentation.
func pages(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"wire/*", "made/*"} {
		found, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			if filepath.Ext(name) != ".md" {
				names = append(names, filepath.ToSlash(strings.TrimPrefix(name, "testdata"+string(filepath.Separator))))
			}
		}
	}
	if len(names) < 40 {
		t.Fatalf("only %d pages", len(names))
	}
	return names
}

// twice computes over two scrapes of a page, ten seconds apart, between which all
// that counts has doubled: so what the page itself says is what was counted.
func twice(t *testing.T, page string) red.Report {
	t.Helper()
	if r, ok := reports.Load(page); ok {
		return r.(red.Report)
	}
	m := newMemory()
	lines := readPage(t, page)
	m.scrape(lines, orders, began, 1)
	m.scrape(lines, orders, began.Add(10*time.Second), 2)
	r := compute(t, m, red.Options{At: began.Add(11 * time.Second), Window: time.Minute})
	reports.Store(page, r)
	return r
}

// reports are those of pages that a test has read already.
var reports sync.Map

func compute(t *testing.T, m *memory, o red.Options) red.Report {
	t.Helper()
	r, err := red.Compute(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func text(v red.Value) string {
	switch {
	case !v.OK:
		return "n/a: " + v.Why
	case v.Over:
		return fmt.Sprintf(">%.6g%s", v.V, approx(v))
	}
	return fmt.Sprintf("%.6g%s", v.V, approx(v))
}

func approx(v red.Value) string {
	if v.Approx == "" {
		return ""
	}
	return " (" + v.Approx + ")"
}

func numbers(b *bytes.Buffer, n red.Numbers) {
	for _, row := range []struct {
		name string
		v    red.Value
	}{
		{"requests", n.Requests},
		{"rate", n.Rate},
		{"errors", n.Errors},
		{"client", n.ClientErrors},
		{"p50", n.P50},
		{"p95", n.P95},
		{"p99", n.P99},
		{"mean", n.Mean},
		{"max", n.Max},
	} {
		fmt.Fprintf(b, "  %-8s %s\n", row.name, text(row.v))
	}
}

// saturation writes what a page tells of it.
func saturation(b *bytes.Buffer, s red.Saturation) {
	for _, row := range []struct {
		name string
		v    red.Value
	}{
		{"cpu", s.CPU},
		{"memory", s.Memory},
		{"heap", s.Heap},
		{"of limit", s.HeapShare},
		{"routines", s.Goroutines},
		{"threads", s.Threads},
		{"files", s.OpenFiles},
	} {
		if row.v.OK {
			fmt.Fprintf(b, "  %-8s %s\n", row.name, text(row.v))
		}
	}
	for _, p := range s.Pools {
		fmt.Fprintf(b, "  pool     %s %s: %s of %s (%s), waiting %s\n", p.Kind, p.Name, text(p.Busy), text(p.Max), text(p.Share), text(p.Waiting))
	}
}

// TestGolden holds the numbers of every page: the value or n/a with its reason,
// and the signature that was used.
func TestGolden(t *testing.T) {
	var b bytes.Buffer
	for _, page := range pages(t) {
		r := twice(t, page)
		if len(r.Instances) == 0 {
			fmt.Fprintf(&b, "%s\n  no row: nothing that is known\n", page)
			continue
		}
		if len(r.Instances) != 1 || len(r.Services) != 1 {
			t.Errorf("%s: %d instances, %d services", page, len(r.Instances), len(r.Services))
			continue
		}
		row := r.Services[0]
		fmt.Fprintf(&b, "%s\n", page)
		for _, u := range row.Signatures {
			fmt.Fprintf(&b, "  %-8s %s: %s\n", "is", u.Signature, strings.Join(u.Families, " "))
		}
		numbers(&b, row.Numbers)
		saturation(&b, row.Saturation)
		for _, v := range row.Views {
			fmt.Fprintf(&b, "  view %s %s (%s)\n", v.Name, v.Of, v.Signature)
			numbers(&b, v.Numbers)
		}
		if got, want := fmt.Sprint(r.Instances[0].Numbers), fmt.Sprint(row.Numbers); got != want {
			t.Errorf("%s: one instance says\n%s\nits service\n%s", page, got, want)
		}
	}
	path := filepath.Join("testdata", "golden.txt")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, have := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(have)) {
		if i >= len(got) || i >= len(have) || got[i] != have[i] {
			t.Fatalf("%s:%d: not what was held (-update writes it)\n got %q\nwant %q", path, i+1, strings.Join(got[min(i, len(got)):min(i+3, len(got))], "\n"), strings.Join(have[min(i, len(have)):min(i+3, len(have))], "\n"))
		}
	}
}
