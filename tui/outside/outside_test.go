package outside_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/outside"
	"github.com/midwatch-cli/midwatch/tui/page"
	fleetpage "github.com/midwatch-cli/midwatch/tui/page/fleet"
	"github.com/midwatch-cli/midwatch/tui/page/instance"
	"github.com/midwatch-cli/midwatch/tui/page/pagetest"
	"github.com/midwatch-cli/midwatch/tui/page/sources"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// screen is what is left of the root: a page, notes, dialogs, commands.
type screen struct {
	t       *testing.T
	busy    bool // a change is being made
	v       *page.View
	p       page.Page
	env     map[string]string
	note    string
	dialogs []dialog.Dialog
	soon    []tea.Cmd
	out     *outside.Outside
}

func (s *screen) Open(d dialog.Dialog) { s.dialogs = append(s.dialogs, d) }
func (s *screen) Say(note string)      { s.note = note }
func (s *screen) Do(c tea.Cmd)         { s.soon = append(s.soon, c) }
func (s *screen) View() page.View      { return *s.v }
func (s *screen) Page() page.Page      { return s.p }
func (s *screen) Busy() bool           { return s.busy }
func (s *screen) Head() []widget.Line  { return []widget.Line{widget.Text(theme.Plain, " midwatch")} }

// many is a fleet of so many services; the first has two instances and links.
func many(n int) *fleet.Snapshot {
	s := &fleet.Snapshot{Sources: []fleet.SourceView{{Name: "etcd", URL: "etcd://10.0.0.5:2379"}}}
	for i := range n {
		svc := fleet.ServiceView{Ref: fleet.Ref{Source: "etcd", Name: fmt.Sprintf("service-%02d", i)}, Status: fleet.Up}
		for k := range 2 {
			in := fleet.InstanceView{Key: fleet.Key{Ref: svc.Ref, Instance: fmt.Sprint(svc.Name, "-", k+1)}, Status: fleet.Up}
			in.Instance = fleet.Instance{ID: in.Key.Instance, Addr: fmt.Sprintf("10.0.%d.%d:80", i, k+1)}
			in.Probes = []probe.Result{{Target: probe.Target{Kind: probe.HTTP, Address: in.Addr, Path: "/health"}, Outcome: probe.Pass}}
			svc.Instances = append(svc.Instances, in)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

func seen(t *testing.T, s *fleet.Snapshot, p page.Page, w outside.World) *screen {
	sc := &screen{t: t, v: pagetest.View(s, 60, 10), p: p, env: map[string]string{}}
	if w.Getenv == nil {
		w.Getenv = func(name string) string { return sc.env[name] }
	}
	sc.out = outside.New(w, sc)
	p.See(sc.v)
	return sc
}

// press presses a key of every page.
func (s *screen) press(key string) {
	s.t.Helper()
	for _, b := range s.out.Keys() {
		if b.Keys[0] == key {
			b.Do(s.v)
			return
		}
	}
	s.t.Fatalf("there is no key %s", key)
}

// gives gives a command and says what came of it, at once or later.
func (s *screen) gives(line string) error {
	s.t.Helper()
	word, arg, _ := strings.Cut(line, " ")
	c := s.out.Commands().Find(word)
	if c == nil {
		s.t.Fatalf("there is no command %s", word)
	}
	return c.Run(arg)
}

// run does the commands that are asked for, and brings back what came of them. It
// returns what is the terminal's own.
func (s *screen) run() (terminal []string) {
	for len(s.soon) > 0 {
		c := s.soon[0]
		s.soon = s.soon[1:]
		switch m := c().(type) {
		case outside.Msg:
			s.out.Heard(m)
		case tea.RawMsg:
			terminal = append(terminal, fmt.Sprint(m.Msg))
		default:
			terminal = append(terminal, fmt.Sprint(m))
		}
	}
	return terminal
}

// TestCopy: what goes to the clipboard, and what is said.
func TestCopy(t *testing.T) {
	raw := outside.World{Raw: func(*page.View, page.Place) []string { return []string{"{", "}"} }}
	key := fleet.Key{Ref: fleet.Ref{Source: "etcd", Name: "service-00"}, Instance: "service-00-1"}
	for name, c := range map[string]struct {
		p    func() page.Page
		line string
		want string
		err  string
	}{
		"a service":         {nil, "copy", "service-00", ""},
		"its name":          {nil, "copy name", "service-00", ""},
		"its id":            {nil, "copy id", "etcd:service-00", ""},
		"its addresses":     {nil, "copy address", "10.0.0.1:80\n10.0.0.2:80", ""},
		"its record":        {nil, "copy raw", "{\n}", ""},
		"no url":            {nil, "copy url", "", "there is no url"},
		"nothing known":     {nil, "copy shoes", "", "want one of name, address"},
		"an instance":       {func() page.Page { return instance.New(key) }, "copy", "service-00/service-00-1", ""},
		"its own id":        {func() page.Page { return instance.New(key) }, "copy id", "service-00-1", ""},
		"its own address":   {func() page.Page { return instance.New(key) }, "copy address", "10.0.0.1:80", ""},
		"its own url":       {func() page.Page { return instance.New(key) }, "copy url", "http://10.0.0.1:80/health", ""},
		"a registry":        {func() page.Page { return sources.New() }, "copy", "etcd", ""},
		"where that is":     {func() page.Page { return sources.New() }, "copy url", "etcd://10.0.0.5:2379", ""},
		"its address too":   {func() page.Page { return sources.New() }, "copy address", "etcd://10.0.0.5:2379", ""},
		"the registry's id": {func() page.Page { return sources.New() }, "copy id", "etcd", ""},
	} {
		var p page.Page = fleetpage.New()
		if c.p != nil {
			p = c.p()
		}
		s := seen(t, many(2), p, raw)
		err := s.gives(c.line)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || len(s.soon) > 0 {
				t.Errorf("%s: %v and %d commands, want an error with %q", name, err, len(s.soon), c.err)
			}
			continue
		}
		if got := strings.Join(s.run(), "|"); err != nil || got != c.want || !strings.HasPrefix(s.note, "copied ") {
			t.Errorf("%s: copied %q, %v, said %q; want %q", name, got, err, s.note, c.want)
		}
	}
}

// TestCopyRow: the row of the cursor with all its columns; the page with all rows.
func TestCopyRow(t *testing.T) {
	s := seen(t, many(40), fleetpage.New(), outside.World{})
	if err := s.gives("copy row"); err != nil {
		t.Fatal(err)
	}
	row := strings.Join(s.run(), "")
	if !strings.HasPrefix(row, "✓ service-00  up") || !strings.Contains(row, "✓✓") || strings.Contains(row, "\n") || strings.Contains(row, "▌") {
		t.Errorf("the row is %q", row)
	}
	if err := s.gives("copy page"); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(s.run(), "")
	for _, want := range []string{" midwatch\n", "2026-01-02T03:04:05Z", "SERVICE", "service-00", "service-39"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if strings.ContainsAny(text, "▌\x1b") {
		t.Errorf("the page has what belongs to the screen: %q", text)
	}
}

// TestCopyHostile: what a service calls itself is obeyed by nothing it is pasted
// into.
func TestCopyHostile(t *testing.T) {
	s := many(1)
	s.Services[0].Name = "pay\x1b]52;c;AAAA\x07\n\x9brm -rf\u202e\r"
	s.Services[0].Instances = nil
	sc := seen(t, s, fleetpage.New(), outside.World{})
	sc.press("c")
	got := strings.Join(sc.run(), "")
	if strings.ContainsAny(got+sc.note, "\x1b\x07\n\r\u009b\u202e") || !strings.HasPrefix(got, "pay") {
		t.Errorf("copied %q, said %q", got, sc.note)
	}
}

// TestCopyThrough: GNU screen has to be told to pass it on, tmux is not, and says
// what it needs.
func TestCopyThrough(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for env, c := range map[string]struct{ wrapped, doubt bool }{
		"":                  {false, false},
		"STY=1.pts":         {true, false},
		"TMUX=/tmp/t":       {false, true},
		"STY=1.pts TMUX=/t": {false, true},
	} {
		s := seen(t, many(1), fleetpage.New(), outside.World{})
		for pair := range strings.FieldsSeq(env) {
			name, value, _ := strings.Cut(pair, "=")
			s.env[name] = value
		}
		if err := s.out.Clip(long, "it"); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(s.run(), "")
		if c.wrapped {
			if !strings.HasPrefix(got, "\x1bP\x1b]52;c;") || strings.Count(got, "\x1bP") < 4 {
				t.Errorf("%s: %.60q", env, got)
			}
			inner := strings.NewReplacer("\x1bP", "", "\x1b\\", "", "\x1b]52;c;", "", "\a", "").Replace(got)
			if data, err := base64.StdEncoding.DecodeString(inner); err != nil || string(data) != long {
				t.Errorf("%s: %v: %.60q", env, err, inner)
			}
		} else if got != long {
			t.Errorf("%s: %.60q", env, got)
		}
		if strings.Contains(s.note, "set-clipboard on") != c.doubt {
			t.Errorf("%s: %q", env, s.note)
		}
	}
}

// TestCopyTooMuch: terminals drop what is too long, and say nothing.
func TestCopyTooMuch(t *testing.T) {
	s := seen(t, many(1), fleetpage.New(), outside.World{})
	if err := s.out.Clip(strings.Repeat("x", 80_000), "the page"); err == nil || !strings.Contains(err.Error(), "80 kB") || fleet.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
	if err := s.out.Clip("", "name"); err == nil || len(s.soon) > 0 {
		t.Errorf("copied nothing: %v", err)
	}
	s = seen(t, many(1), fleetpage.New(), outside.World{NoClipboard: true})
	if err := s.gives("copy"); err == nil || len(s.soon) > 0 || s.note != "" {
		t.Errorf("copied where nothing can be: %v, %q", err, s.note)
	}
}

// TestSave: the page with the rows that are not seen, once; what goes wrong is said
// with its path.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	s := seen(t, many(40), fleetpage.New(), outside.World{})
	s.env["HOME"] = dir
	for _, c := range []struct{ line, says string }{
		{"save ~/fleet.txt", "saved 44 lines: " + dir + "/fleet.txt"},
		{"save ~/fleet.txt", "is there already: :save!"},
		{"save! ~/fleet.txt", "saved 44 lines"},
		{"save " + dir, "is a folder"},
		{"save! " + dir, "is no file"},
		{"save ~/none/fleet.txt", "there is no folder " + dir + "/none"},
		{"save ~other/fleet.txt", "nobody says where ~other/fleet.txt is"},
		{"save! /dev/null", "/dev/null is no file"},
	} {
		if err := s.gives(c.line); err != nil {
			t.Fatal(c.line, err)
		}
		if s.note = ""; len(s.run()) > 0 || !strings.Contains(s.note, c.says) {
			t.Errorf("%s: %q, want %q", c.line, s.note, c.says)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "fleet.txt"))
	if err != nil || strings.Count(string(data), "service-") != 40 || strings.Contains(string(data), "\x1b") {
		t.Errorf("%v:\n%s", err, data)
	}
	if info, err := os.Stat(filepath.Join(dir, "fleet.txt")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := outside.Save("~/x", "", "", false); err == nil {
		t.Error("a home that nobody has")
	}
	if err := s.gives("save"); err == nil {
		t.Error("saved into nothing")
	}
	if names := s.out.Commands().Find("save").Offers(); len(names) != 1 || names[0] != "fleet-20260102-030405.txt" {
		t.Errorf("offers %v", names)
	}
}

// TestSaveEmpty: a page without rows is one as well.
func TestSaveEmpty(t *testing.T) {
	s := seen(t, many(3), fleetpage.New(), outside.World{})
	if err := s.p.(page.Filtered).SetFilter("nothing"); err != nil {
		t.Fatal(err)
	}
	s.p.See(s.v)
	if err := s.gives("copy page"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.run(), ""); !strings.Contains(got, "\nNo service matches nothing") || strings.Contains(got, "\n\n\n\n") {
		t.Errorf("copied %q", got)
	}
	s.press("d")
	if s.note != "the cursor is on nothing" {
		t.Errorf("said %q", s.note)
	}
}

// TestLinks: which labels are links, and in which order.
func TestLinks(t *testing.T) {
	for name, c := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"none":               {map[string]string{"team": "shop", "zone": "a"}, ""},
		"any label":          {map[string]string{"wiki": "https://w.example/x"}, "wiki=https://w.example/x"},
		"people's first":     {map[string]string{"a": "http://a.example", "docs": "http://d.example", "runbook_url": "http://r.example", "dashboard": "http://g.example"}, "runbook=http://r.example dashboard=http://g.example docs=http://d.example a=http://a.example"},
		"ours":               {map[string]string{"midwatch.io/link.logs": "https://l.example", "midwatch_runbook": "https://r.example"}, "runbook=https://r.example logs=https://l.example"},
		"once":               {map[string]string{"a": "http://a.example", "b": "http://a.example"}, "a=http://a.example"},
		"what we read":       {map[string]string{"admin": "http://10.0.0.1:8080", "midwatch_admin": "http://10.0.0.1:8080"}, ""},
		"other schemes":      {map[string]string{"a": "javascript:alert(1)", "b": "file:///etc/passwd", "c": "ftp://x", "d": "HTTPS://up.example", "e": "//x", "f": "https:///x"}, "d=https://up.example"},
		"passwords":          {map[string]string{"a": "https://user:secret@x.example/"}, ""},
		"control characters": {map[string]string{"a": "https://x.example/\x1b[2J", "b": "https://x.example/\nrm"}, ""},
		"too long":           {map[string]string{"a": "https://x.example/" + strings.Repeat("a", 3000)}, ""},
		"options":            {map[string]string{"a": "--help", "b": "-c https://x.example"}, ""},
		"a hostile name":     {map[string]string{"\x1b[2J": "https://x.example"}, `\x1b[2j=https://x.example`},
	} {
		var got []string
		for _, l := range outside.Links(c.labels) {
			got = append(got, l.Name+"="+l.URL)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzLinks: whatever a label holds, what is opened is an address of the web and
// nothing else.
func FuzzLinks(f *testing.F) {
	f.Add("runbook", "https://x.example/a?b=c#d")
	f.Add("a", "http://[::1]:80/\x00")
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, l := range outside.Links(map[string]string{key: value}) {
			if !strings.HasPrefix(l.URL, "http://") && !strings.HasPrefix(l.URL, "https://") || theme.Clean(l.URL) != l.URL || strings.ContainsAny(l.URL, " \n") || theme.Clean(l.Name) != l.Name {
				t.Errorf("%q=%q is %+v", key, value, l)
			}
		}
	})
}

// TestOpen: one link is opened, of several the person chooses, and where there is
// no browser, or it fails, the address is handed over.
func TestOpen(t *testing.T) {
	var opened []string
	var fail error
	world := outside.World{Browse: func(_ context.Context, url string) error {
		opened = append(opened, url)
		return fail
	}}
	s := many(2)
	s.Services[0].Labels = map[string]string{"runbook": "https://r.example"}
	s.Services[1].Labels = map[string]string{"runbook": "https://r.example/1"}
	s.Services[1].Instances[0].Labels = map[string]string{"logs": "https://l.example/1"}
	sc := seen(t, s, fleetpage.New(), world)
	sc.press("o")
	if sc.note != "opening https://r.example" || len(sc.run()) > 0 || len(opened) != 1 || len(sc.dialogs) > 0 {
		t.Errorf("opened %v, said %q, %d dialogs", opened, sc.note, len(sc.dialogs))
	}
	fail = errors.New("exit status 3")
	sc.press("o")
	if got := strings.Join(sc.run(), ""); got != "https://r.example" || len(sc.dialogs) != 1 {
		t.Errorf("handed over %q, %d dialogs", got, len(sc.dialogs))
	}
	if text := drawn(sc); !strings.Contains(text, "https://r.example") || !strings.Contains(text, "exit status 3") {
		t.Errorf("shows\n%s", text)
	}

	sc = seen(t, s, fleetpage.New(), outside.World{})
	for _, b := range sc.p.Keys() {
		if b.Keys[0] == "down" {
			b.Do(sc.v)
		}
	}
	sc.press("o")
	if text := drawn(sc); !strings.Contains(text, "1 runbook  https://r.example/1") || !strings.Contains(text, "2 logs     https://l.example/1") {
		t.Fatalf("offers\n%s", text)
	}
	want, over := sc.dialogs[0].Press(sc.v, "2", "2")
	link, ok := want.(page.Link)
	if !ok || !over {
		t.Fatalf("chose %v", want)
	}
	sc.out.Follow(link.URL)
	if got := strings.Join(sc.run(), ""); got != "https://l.example/1" || !strings.Contains(drawn(sc), "There is no browser here") {
		t.Errorf("handed over %q:\n%s", got, drawn(sc))
	}
	sc.out.Follow("file:///etc/passwd")
	if len(sc.run()) > 0 || sc.note != "this is no address of the web" {
		t.Errorf("said %q", sc.note)
	}
	sc = seen(t, many(1), fleetpage.New(), world)
	sc.press("o")
	if !strings.HasPrefix(sc.note, "service-00 has no link: ") {
		t.Errorf("said %q", sc.note)
	}
}

// drawn is the dialog on top.
func drawn(s *screen) string {
	var text []string
	for _, l := range s.dialogs[len(s.dialogs)-1].Draw(s.v) {
		text = append(text, l.Words(s.v.Theme))
	}
	return strings.Join(text, "\n")
}

// TestReading: what d and y show, and what is said of what is gone.
func TestReading(t *testing.T) {
	world := outside.World{Raw: func(_ *page.View, of page.Place) []string {
		if of.Key.Name == "service-01" {
			return nil
		}
		return []string{"{", `  "service": "` + of.Key.Name + `"`, "}"}
	}}
	s := seen(t, many(2), fleetpage.New(), world)
	s.press("d")
	if text := drawn(s); !strings.Contains(text, "service-00 is up") {
		t.Errorf("describes\n%s", text)
	}
	s.press("y")
	if text := drawn(s); !strings.Contains(text, `   "service": "service-00"`) {
		t.Errorf("shows\n%s", text)
	}
	want, _ := s.dialogs[len(s.dialogs)-1].Press(s.v, "c", "c")
	if c, ok := want.(page.Copy); !ok || c.What != "service-00" || !strings.Contains(c.Text, `"service": "service-00"`) {
		t.Errorf("copies %+v", want)
	}
	s.v.Snapshot = many(0)
	n := len(s.dialogs)
	s.press("d")
	if s.note != "service-00 is not here any more" || len(s.dialogs) != n {
		t.Errorf("said %q", s.note)
	}
	s = seen(t, many(2), fleetpage.New(), outside.World{})
	for _, b := range s.out.Keys() {
		if b.Keys[0] == "y" {
			t.Error("there is a raw record that nobody knows")
		}
	}
}

// TestSuspend: only where somebody can bring it back.
func TestSuspend(t *testing.T) {
	for _, why := range []error{nil, &fleet.Error{Detail: "no shell", Hint: "q quits"}} {
		s := seen(t, many(1), fleetpage.New(), outside.World{Alone: func() error { return why }})
		if err := s.gives("suspend"); err != nil {
			t.Fatal(err)
		}
		s.out.Heard(s.soon[0]().(outside.Msg))
		stops := false
		for _, c := range s.soon[1:] {
			_, is := c().(tea.SuspendMsg)
			stops = stops || is
		}
		if stops != (why == nil) || (s.note == "no shell: q quits") != (why != nil) {
			t.Errorf("%v: stops %v, said %q", why, stops, s.note)
		}
	}
}

// TestSuspendWhileSomethingIsMade: the process does not stand still in the middle of a
// change, also where that was begun after :suspend.
func TestSuspendWhileSomethingIsMade(t *testing.T) {
	const why = "a change is being made and would stand still half way"
	s := seen(t, many(1), fleetpage.New(), outside.World{})
	s.busy = true
	if err := s.gives("suspend"); err == nil || err.Error() != why || len(s.soon) > 0 {
		t.Errorf("%v, %d commands", err, len(s.soon))
	}
	s.busy = false
	if err := s.gives("suspend"); err != nil {
		t.Fatal(err)
	}
	msg := s.soon[0]().(outside.Msg)
	s.busy, s.soon = true, nil
	if s.out.Heard(msg); len(s.soon) > 0 || !strings.HasPrefix(s.note, why) {
		t.Errorf("said %q, %d commands", s.note, len(s.soon))
	}
}

// TestWholeIsSoon: a page of a great fleet is written while a person waits for a
// key.
func TestWholeIsSoon(t *testing.T) {
	s := seen(t, many(5000), fleetpage.New(), outside.World{})
	began := time.Now()
	if err := s.gives("save " + filepath.Join(t.TempDir(), "x")); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}
