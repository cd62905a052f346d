package sources_test

import (
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
)

func at() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func view(height int, all ...fleet.SourceView) *page.View {
	return pagetest.View(&fleet.Snapshot{Sources: all}, 130, height)
}

func all() []fleet.SourceView {
	return []fleet.SourceView{
		{Name: "etcd", URL: "etcd://a:2379", AsOf: at().Add(-2 * time.Second), Services: 6, Instances: 14},
		{
			Name: "consul", URL: "consul://b:8500", AsOf: at().Add(-40 * time.Second), Reason: probe.ReasonRefused, Detail: "connection refused", Hint: "is it running?",
			Since: at().Add(-35 * time.Second), Services: 2, Instances: 3,
		},
		{Name: "files", URL: "file:///fleet.yaml", Reason: probe.ReasonInternal, Detail: "no such file"},
		{Name: "odd", URL: "file:///odd.yaml", AsOf: at(), Warnings: []fleet.Warning{{Where: "odd.yaml:3", Detail: "no address"}}, Vantage: "none of 4 answered from here"},
	}
}

func TestRows(t *testing.T) {
	screen := pagetest.Screen(t, sources.New(), view(30, all()...))
	var rows []string
	for line := range strings.Lines(screen) {
		rows = append(rows, strings.Join(strings.Fields(strings.TrimLeft(line, "▌")), " "))
	}
	for i, want := range []string{
		"SOURCE STATE AGE SERVICES INSTANCES ANSWER WARNINGS URL SINCE FAULT",
		"✓ etcd answers 2 s 6 14 n/a – etcd://a:2379 –",
		"✗ consul refused 40 s 2 3 n/a – consul://b:8500 35 s connection refused",
		"✗ files internal never 0 0 n/a – file:///fleet.yaml – no such file",
		"✓ odd answers 0 s 0 0 n/a 1 file:///odd.yaml –",
	} {
		if rows[i] != want {
			t.Errorf("row %d: %q, want %q", i, rows[i], want)
		}
	}
}

// TestAbout: the source of the cursor is told in full: its fault and what to do,
// its warnings, what the vantage rule says.
func TestAbout(t *testing.T) {
	p, v := sources.New(), view(30, all()...)
	down := func() {
		for _, b := range p.Keys() {
			if b.Keys[0] == "down" {
				b.Do(v)
			}
		}
	}
	for _, want := range [][]string{
		{"url         etcd://a:2379"},
		{"fault       refused: connection refused", "since       03:03:30, its last set is kept", "hint        is it running?"},
		{"fault       internal: no such file", "it was never read"},
		{"vantage     none of 4 answered from here", "warning     odd.yaml:3: no address"},
	} {
		screen := pagetest.Screen(t, p, v)
		for _, line := range want {
			if !strings.Contains(screen, line) {
				t.Errorf("%q is not seen:\n%s", line, screen)
			}
		}
		down()
	}
}

func TestUnwellAndNone(t *testing.T) {
	v := view(20, all()...)
	v.Unwell = true
	if screen := pagetest.Screen(t, sources.New(), v); strings.Contains(screen, "✓ etcd") || !strings.Contains(screen, "consul") || !strings.Contains(screen, "odd") {
		t.Errorf("only what is not well:\n%s", screen)
	}
	v = view(20, all()[0])
	v.Unwell = true
	if screen := pagetest.Screen(t, sources.New(), v); !strings.Contains(screen, "All registries answer") {
		t.Errorf("all are well:\n%s", screen)
	}
	if screen := pagetest.Screen(t, sources.New(), view(20)); !strings.Contains(screen, "There is no registry") {
		t.Errorf("none:\n%s", screen)
	}
	two := all()[:2]
	two[0].Context, two[1].Context = "prod", "stage"
	if screen := pagetest.Screen(t, sources.New(), view(20, two...)); !strings.Contains(screen, "CONTEXT") || !strings.Contains(screen, "stage") {
		t.Errorf("two contexts:\n%s", screen)
	}
}

// TestOrders: by every column, and as configured; a source that was never read is
// the oldest.
func TestOrders(t *testing.T) {
	p, v := sources.New(), view(30, all()...)
	for _, want := range []string{
		": etcd consul files odd", "sort: source: consul etcd files odd", "sort: state: consul files odd etcd", "sort: age: files consul etcd odd",
		"sort: services: etcd consul files odd", "sort: instances: etcd consul files odd", "sort: answer: etcd consul files odd", "sort: warnings: odd etcd consul files",
		"sort: url: consul etcd files odd", "sort: since: consul etcd files odd", "sort: fault: consul files etcd odd", ": etcd consul files odd",
	} {
		var names []string
		for _, line := range pagetest.Drawn(t, p, v)[1:5] {
			names = append(names, strings.Fields(strings.TrimLeft(line, "▌"))[1])
		}
		if got := strings.Join(p.Notes(v), " · ") + ": " + strings.Join(names, " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		pagetest.Press(t, p, v, "s")
	}
}

// TestNotReadYet: a registry that has said nothing yet neither answers nor fails, and
// is not well.
func TestNotReadYet(t *testing.T) {
	p, v := sources.New(), view(12, fleet.SourceView{Name: "etcd"}, fleet.SourceView{Name: "file", AsOf: at()})
	v.Unwell = true
	screen := pagetest.Screen(t, p, v)
	if !strings.Contains(screen, "? etcd") || !strings.Contains(screen, "not read yet") || strings.Contains(screen, "file") || strings.Contains(screen, "answers  ") {
		t.Errorf("not read yet:\n%s", screen)
	}
}

// TestFailsSinceLater: whatever the clocks say, it has not failed for less than no
// time.
func TestFailsSinceLater(t *testing.T) {
	p, v := sources.New(), view(12, fleet.SourceView{Name: "etcd", Reason: "refused", AsOf: at().Add(time.Hour), Since: at().Add(time.Hour)})
	v.Width, v.Wide = 200, true
	if screen := pagetest.Screen(t, p, v); strings.Contains(screen, "-1 h") {
		t.Errorf("since later:\n%s", screen)
	}
}
