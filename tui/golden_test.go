package tui_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/desk"
	"github.com/midwatch-cli/midwatch/tui/journey"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "frames", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got+"\n" {
		t.Errorf("%s is not as it was (-update writes it anew):\n%s", name, got)
	}
}

// shot is a page, a dialog or a state that people see, and how one gets there.
type shot struct {
	name    string
	keys    []string // pressed one after the other
	journal []desk.Change
	of      []*fleet.Snapshot // that the feed brings; nil: the night
}

// shots are all that is held as frames. Who makes a new page or dialog adds a
// line; TestEveryPageHasFrames says so.
func shots() []shot {
	at := func(keys ...string) []string { return append(append([]string{":"}, keys...), "enter") }
	return []shot{
		{name: "fleet"},
		{name: "help", keys: []string{"?"}},
		{name: "service", keys: []string{"enter"}},
		{name: "instance", keys: []string{"enter", "enter"}},
		{name: "breakers", keys: at("b", "r")},
		{name: "events", keys: at("e", "v")},
		{name: "map", keys: at("m", "a", "p")},
		{name: "sources", keys: at("s", "o", "u")},
		{name: "changes", keys: at("c", "h"), journal: made()},
		{name: "change", keys: append(at("c", "h"), "enter"), journal: made()},
		{name: "reminded", journal: made()[:1]},
		{name: "service-lived", keys: at("o", "r", "d", "e", "r"), of: lived()},
		{name: "instance-lived", keys: at(strings.Split("payment/payment-2", "")...), of: lived()},
		{name: "instance-deep", keys: []string{"enter", "G", "enter"}, of: []*fleet.Snapshot{deep()}},
		{name: "instance-folded", keys: append(at(strings.Split("order/order-2", "")...), "down", "down", "z"), of: lived()},
		{name: "breakers-lived", keys: at("b", "r"), of: lived()},
		{name: "sources-lived", keys: at("s", "o", "u"), of: lived()},
		{name: "contexts", of: []*fleet.Snapshot{contexts()}},
		{name: "contexts-service", keys: []string{"enter"}, of: []*fleet.Snapshot{night(), contexts()}},
		{name: "contexts-breakers", keys: at("b", "r"), of: []*fleet.Snapshot{contexts()}},
		{name: "contexts-sources", keys: at("s", "o", "u"), of: []*fleet.Snapshot{contexts()}},
		{name: "sorted", keys: []string{"s", "s", "s", "s", "r"}},
		{name: "marked", keys: []string{"space", "down", "space", "w"}},
		{name: "wide", keys: []string{"w"}, of: []*fleet.Snapshot{contexts()}},
		{name: "service-marked", keys: []string{"enter", "M", "s", "w"}},
	}
}

// looks are the ways in which each is held. Sizes are held as text; the escape
// sequences are seen in one size.
func looks() []look {
	return []look{
		{"40x10", 40, 10, theme.Options{}, false},
		{"80x24", 80, 24, theme.Options{}, false},
		{"200x60", 200, 60, theme.Options{}, false},
		{"ascii", 80, 24, theme.Options{ASCII: true, Colorless: true}, true},
		{"plain", 80, 24, theme.Options{Colorless: true}, true},
		{"dark", 80, 24, theme.Options{}, true},
	}
}

type look struct {
	name          string
	width, height int
	theme         theme.Options
	sequences     bool
}

// taken is a dashboard on which a shot can be seen.
func (s shot) taken(t testing.TB, l look) *dash {
	t.Helper()
	of := s.of
	if of == nil {
		of = []*fleet.Snapshot{night(), healed(), night()}
	}
	d := start(t, l.theme, l.width, l.height, of...)
	if s.journal != nil {
		d.send(tui.JournalMsg(1, s.journal, nil))
	}
	d.press(s.keys...)
	return d
}

// TestFrames holds every shot in every look against what was looked at.
func TestFrames(t *testing.T) {
	for _, s := range shots() {
		for _, l := range looks() {
			d := s.taken(t, l)
			frame := d.app.View().Content
			if fault := faultOf(frame, [2]int{l.width, l.height}); fault != "" {
				t.Errorf("%s-%s: %s", s.name, l.name, fault)
			}
			if !l.sequences {
				golden(t, s.name+"-"+l.name, d.screen())
				continue
			}
			golden(t, s.name+"-"+l.name, strings.ReplaceAll(frame, "\x1b", "␛"))
			if l.theme.ASCII && strings.ContainsFunc(ansi.Strip(frame), func(r rune) bool { return r > '~' }) {
				t.Errorf("%s: more than ASCII:\n%s", s.name, frame)
			}
			if l.theme.Colorless {
				weightOnly(t, s.name, frame)
			}
		}
	}
}

// weightOnly fails where more than weight tells texts apart.
func weightOnly(t *testing.T, name, frame string) {
	t.Helper()
	for _, part := range strings.Split(frame, "\x1b[")[1:] {
		if seq, _, _ := strings.Cut(part, "m"); seq != "" && seq != "1" {
			t.Fatalf("%s: a colour: %q", name, part)
		}
	}
}

// TestEveryPageHasFrames: no kind of page that can be opened is without a shot,
// and no frame is left of one that went.
func TestEveryPageHasFrames(t *testing.T) {
	seen, files := map[page.Kind]bool{}, map[string]bool{}
	for _, s := range shots() {
		seen[s.taken(t, looks()[1]).app.Kind()] = true
		for _, l := range looks() {
			files[s.name+"-"+l.name+".golden"] = true
		}
	}
	for _, name := range changingFrames() {
		for _, l := range looks() {
			if l.name != "dark" {
				files[name+"-"+l.name+".golden"] = true
			}
		}
	}
	all := kinds(t)
	for _, k := range all {
		if tui.HasPage(k) && !seen[k] {
			t.Errorf("the page %s has no frames", k)
		}
	}
	if len(all) < 8 {
		t.Errorf("found %d kinds of pages only: %v", len(all), all)
	}
	held, err := os.ReadDir(filepath.Join("testdata", "frames"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range held {
		if !files[f.Name()] {
			t.Errorf("%s is a frame of nothing", f.Name())
		}
	}
}

// kinds are the kinds of pages that the code declares.
func kinds(t *testing.T) (all []page.Kind) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("page", "page.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := v.Type.(*ast.Ident); ok && name.Name == "Kind" {
			for _, value := range v.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, page.Kind(text))
			}
		}
		return true
	})
	return all
}

// TestCursorWithoutColours: the row of the cursor is seen by its sign.
func TestCursorWithoutColours(t *testing.T) {
	for sign, o := range map[string]theme.Options{"▌✗ payment": {Colorless: true}, ">x payment": {Colorless: true, ASCII: true}} {
		if got := journey.Lit(start(t, o, 80, 24, night()).screen()); !strings.HasPrefix(got, sign) {
			t.Errorf("the cursor is not seen: %q", got)
		}
	}
}
