package render_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/render"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
)

// attacks are what a hostile service would send.
var attacks = []string{
	"\x1b[2J\x1b[31mred", "\x9b31mred", "\u009b31m", "a\rb", "a\nb\tc", "::error title=x::y", "a\n::error::b", "  ::warning::x", "  ::", "::error title=x", "::1", "##[error]x", "x ##[group]y",
	"##vso[task.complete]", "##teamcity[message]", "##TeamCity[x]", "###[x]", "\u202egnp.exe", "\u2066x\u2069", "\xff\xfe", "\x00\x07\x08\x7f", "\ufeffbom", "\u2028line",
	"<script>alert(1)</script>", "](http://evil) ![x](y)", "| a | b |", "`code` *x* _y_ @team #1 https://x.y www.x.y", "- x", "50% |'perf'=1", "]]>", "# SKIP not ok", `\`, "\U000e0041tag", "\u200bzero", "%0A::error::x", "~~~", "=1+1",
	"日本語", "é", "{{.}}", "$(rm)", "...", "---", "\xed\xa0\x80", "\u0085next",
}

// command is a workflow command that GitHub knows.
var command = regexp.MustCompile(`(?im)^\s*::(error|warning|notice|debug|group|endgroup|add-|remove-|set-|save-|stop-|echo)`)

// unsafe says what in the output a terminal or a build system would obey. What
// is written to standard error as annotations is ours.
func unsafe(out string, ours bool) string {
	if !utf8.ValidString(out) {
		return "broken UTF-8"
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		for _, r := range line {
			if r != '\t' && r != ' ' && !unicode.IsPrint(r) {
				return fmt.Sprintf("a raw %U in %q", r, line)
			}
		}
		start := strings.TrimSpace(line)
		if !ours && strings.HasPrefix(start, "::") && strings.Contains(start[2:], "::") {
			return "a workflow command: " + line
		}
		low := strings.ToLower(line)
		for _, mark := range []string{"##[", "##vso[", "##teamcity["} {
			if strings.Contains(low, mark) {
				return mark + " in " + line
			}
		}
	}
	return ""
}

// everywhere renders a hostile text in every format and place.
func everywhere(t *testing.T, text string) {
	s := hostile(text)
	j := judged(s, gate.Rules{Missing: []gate.Missing{{Name: text, Suggestions: []string{text}}}, Ignore: []gate.Ignore{{Match: func(r fleet.Ref) bool { return r == s.Services[0].Ref }, Text: text}}})
	j.Document = document.Check(s, j.Verdict, j.ExitCode, true)
	for _, explain := range []bool{false, true} {
		j.Explain = explain
		for _, f := range render.Formats(true) {
			for _, d := range []device{{}, {width: 80}, {width: 80, ascii: true}} {
				io, out, errw := d.open()
				if err := render.Verdict(io, render.Options{Format: f, Now: at}, j); err != nil {
					t.Fatalf("%s of %q: %v", f, text, err)
				}
				if why := unsafe(out.String(), false); why != "" {
					t.Errorf("%s of %q: %s", f, text, why)
				}
				if why := unsafe(errw.String(), f == render.FormatGitHub); why != "" {
					t.Errorf("%s of %q: standard error: %s", f, text, why)
				}
				if f == render.FormatGitHub {
					annotated(t, text, errw)
				}
				if d.ascii && strings.ContainsFunc(out.String(), func(r rune) bool { return r > '~' }) {
					t.Errorf("%s of %q: not ASCII:\n%s", f, text, out)
				}
			}
		}
	}
	for _, o := range []render.Options{{JQ: ".. | strings"}, {JQ: "."}, {Template: "{{range .items}}{{.service}}\n{{.service}}::{{.address}}\n{{json .}}{{end}}"}} {
		io, out, _ := device{}.open()
		if err := render.Verdict(io, o, j); err != nil {
			t.Fatal(err)
		}
		if why := unsafe(out.String(), true) + command.FindString(out.String()); why != "" {
			t.Errorf("%v of %q: %s", o, text, why)
		}
	}
}

// annotated says that each line is one annotation of ours.
func annotated(t *testing.T, text string, errw *bytes.Buffer) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(errw.String(), "\n"), "\n")
	if len(lines) > 10 {
		t.Errorf("%q: %d annotations", text, len(lines))
	}
	for _, l := range lines {
		head, _, ok := strings.Cut(strings.TrimPrefix(l, "::error title="), "::")
		if !strings.HasPrefix(l, "::error title=") || !ok || strings.ContainsAny(head, ":,") {
			t.Errorf("%q: not one of our annotations: %q", text, l)
		}
	}
}

func TestHostileTextIsHarmlessEverywhere(t *testing.T) {
	for _, text := range attacks {
		everywhere(t, text)
	}
}

func FuzzHostileText(f *testing.F) {
	for _, text := range attacks {
		f.Add(text)
	}
	f.Fuzz(everywhere)
}

func TestHostileGolden(t *testing.T) {
	text := "::error::\x1b[31m<b>|`x`\n##[group]\u202e"
	for _, f := range render.Formats(true) {
		io, out, errw := device{}.open()
		if err := render.Verdict(io, render.Options{Format: f, Now: at}, judged(hostile(text), gate.Rules{})); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("hostile", string(f)+".txt"), shown(out, errw))
	}
}

func TestViewIsHarmless(t *testing.T) {
	for _, text := range attacks {
		for _, d := range []device{{}, {width: 60}} {
			io, out, errw := d.open()
			v := render.View{
				Names: []string{text}, Lead: [][]render.Cell{{render.Said(fleet.Up, text)}}, Notes: []string{text}, Hint: text,
				Table: render.Table{Columns: []render.Column{{Name: "A"}, {Name: "B", Flex: true}}, Rows: []render.Row{{Cells: []render.Cell{render.Text(text), render.Text(text)}, Under: []string{text}}}},
			}
			if err := render.Write(io, render.Options{}, v); err != nil {
				t.Fatal(err)
			}
			if why := unsafe(out.String(), false) + unsafe(errw.String(), false); why != "" {
				t.Errorf("%q: %s", text, why)
			}
			if n := strings.Count(out.String(), "\n"); d.width == 0 && n != 2 {
				t.Errorf("%q makes %d lines of a header and a row", text, n)
			}
		}
	}
}

func TestEventLineIsHarmless(t *testing.T) {
	for _, text := range attacks {
		io, out, _ := term.Test("")
		if err := render.Line(io, render.Options{}, map[string]string{"a": text}); err != nil {
			t.Fatal(err)
		}
		if why := unsafe(out.String(), false); why != "" || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%q: %s in %q", text, why, out)
		}
	}
}

func TestHintsCanBeCopied(t *testing.T) {
	for _, name := range []string{"$(rm -rf ~)", "a;b", "a b", "-x", "`x`", "a'b", "a\nb", "*", ""} {
		io, _, errw := device{width: 80}.open()
		m := fresh()
		m.add(name, 1)
		m.answer(name+"-1", probe.Fail, probe.ReasonTimeout, "no answer", 0)
		if err := render.Verdict(io, render.Options{Now: at}, judged(m.snapshot(), gate.Rules{})); err != nil {
			t.Fatal(err)
		}
		if got := errw.String(); got != "hint: midwatch instances -o wide\n" {
			t.Errorf("%q: %q", name, got)
		}
	}
}
