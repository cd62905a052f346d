package form_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// TestPlaces puts a mistake (bad: 1) somewhere in texts of many styles; it is
// always shown where it stands, counted in lines and characters as editors do.
func TestPlaces(t *testing.T) {
	for _, style := range []string{
		"bad: 1\n",
		"\n\n\nbad: 1\n",
		"---\nbad: 1\n",
		"# a comment\nbad: 1\n",
		"text: a\nbad: 1\n",
		"text: a # comment\nbad: 1\n",
		"text: äöü\nbad: 1\n",
		"text: 日本語 # 語\nbad: 1\n",
		"{text: äöü, bad: 1}\n",
		"{text: \"🙂\", bad: 1}\n",
		"text: a\r\nbad: 1\r\n",
		"# one\r\n# two\r\n\r\nbad: 1\r\n",
		"text: a # one\r\nword: one # two\r\nbad: 1\r\n",
		"things:\r\n  # one\r\n  - text: a # two\r\n    bad: 1\r\n",
		"text: >-\n  folded\nbad: 1\n",
		"text: 'a\n  b'\nbad: 1\n",
		"texts:\n  - a\n  - b\nbad: 1\n",
		"things:\n  - text: a\n    bad: 1\n",
		"things:\n  - {text: a, bad: 1}\n",
		"things:\n  -\n    text: a\n    bad: 1\n",
		"things: [{text: a}, {text: b, bad: 1}]\n",
		"named:\n  a:\n    text: a\n    bad: 1\n",
		"named: {a: {text: a, bad: 1}}\n",
		"some:\n    # far in\n    text: a\n    bad: 1\n",
		"\"text\": a\n\"bad\": 1\n",
	} {
		line, column := 1, 1
		for _, c := range style[:strings.Index(style, "bad")] {
			if column++; c == '\n' {
				line, column = line+1, 1
			}
		}
		if strings.Contains(style, `"bad"`) {
			column-- // the quotes are part of the key
		}
		_, err := parse(style)
		var wrong *form.Error
		if !errors.As(err, &wrong) || len(wrong.Problems) != 1 {
			t.Errorf("%q: want one problem, got %v", style, err)
			continue
		}
		p := wrong.Problems[0]
		if p.Line != line || p.Column != column || !strings.HasSuffix(p.Path, "bad") || p.Message != "unknown key" {
			t.Errorf("%q: shown at %d:%d as %s (%s), want %d:%d", style, p.Line, p.Column, p.Path, p.Message, line, column)
		}
	}
}

// TestAllProblemsInTheOrderOfTheFile whatever order they were found in.
func TestAllProblemsInTheOrderOfTheFile(t *testing.T) {
	var x thing
	err := form.Parse("x.yaml", []byte("number: 99\nnamed:\n  a: {text: 3}\n  b c: {}\nword: four\n"), thingSlot(&x), func(d *form.Decoder) {
		d.Fail("word", "checked last, and of the same line", "")
		d.Fail("named.a", "checked last, and of the middle", "")
		d.Fail("", "of the whole", "")
	})
	want := []string{
		"x.yaml:1:1: of the whole",
		"x.yaml:1:9: number: 99 is out of range (1 to 10)",
		"x.yaml:3:3: named.a: checked last, and of the middle",
		"x.yaml:3:13: named.a.text: want text, not a number (put it in quotes)",
		"x.yaml:4:3: named[\"b c\"]: is not a name (" + form.NameHint + ")",
		"x.yaml:5:1: word: checked last, and of the same line",
		"x.yaml:5:7: word: want one or two, not \"four\"",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
}

// TestCheckSeesOnlyWhatIsThere: a text that cannot be read is not checked.
func TestCheckSeesOnlyWhatIsThere(t *testing.T) {
	if x, err := parse("text: a\n---\n# nothing\n...\n"); err != nil || x.Text != "a" {
		t.Errorf("an empty document at the end: %+v, %v", x, err)
	}
	for text, want := range map[string]bool{"text: a": true, "text: 3": true, "": false, "# a": false, "text: [": false, "\xff": false, "a: b\n---\nc: d": false} {
		checked := false
		var x thing
		_ = form.Parse("x.yaml", []byte(text), thingSlot(&x), func(*form.Decoder) { checked = true })
		if checked != want {
			t.Errorf("%q: checked %v", text, checked)
		}
	}
}

// TestSeenAndFailedAt: questions a check asks of a path, with names that hold
// dots and brackets.
func TestSeenAndFailedAt(t *testing.T) {
	var x thing
	_ = form.Parse("x.yaml", []byte("named:\n  a.b: {text: 3}\n  a: {text: b}\nthings: [{text: c}]\n"), thingSlot(&x), func(d *form.Decoder) {
		for at, want := range map[string][2]bool{
			"named":                   {true, true},
			form.Join("named", "a.b"): {true, true},
			form.Join(form.Join("named", "a.b"), "text"): {true, true},
			"named.a":        {true, false},
			"named.a.text":   {true, false},
			"named.b":        {false, false},
			"things":         {true, false},
			"things[0]":      {true, false},
			"things[0].text": {true, false},
			"things[1]":      {false, false},
			"thing":          {false, false},
		} {
			if got := [2]bool{d.Seen(at), d.FailedAt(at)}; got != want {
				t.Errorf("%s: seen and failed %v, want %v", at, got, want)
			}
		}
		if d.Dir() != "." {
			t.Errorf("relative paths start from %q", d.Dir())
		}
	})
}

// TestKindOf words every kind of node where something else is wanted.
func TestKindOf(t *testing.T) {
	for value, want := range map[string]string{
		"~": "nothing", "{a: b}": "a mapping", "[a]": "a list", "1": "a number", "1.5": "a number", ".inf": "a number", ".nan": "a number", "true": "true or false",
		"&a b": "an anchor, alias or tag", "!!str a": "an anchor, alias or tag", "!x {}": "an anchor, alias or tag",
	} {
		_, err := parse("text: " + value)
		if err == nil || !strings.Contains(err.Error(), "text: want text, not "+want) {
			t.Errorf("%s: %v, want %s", value, err, want)
		}
	}
	for text, want := range map[string]string{
		"things: 'a'":                       "things: want a list, not text",
		"things: |\n  a\n":                  "things: want a list, not text",
		"named: 1":                          "named: want a mapping, not a number",
		"some: [a]":                         "some: want a mapping, not a list",
		"<<: {text: a}":                     "merge keys are not read (profiles share by extends",
		"text: a\nnamed: {<<: *x}":          "merge keys are not read",
		"word: &w one\ntexts: [*w]":         "want text, not an anchor, alias or tag",
		"? [a]\n: b":                        "2:1: not YAML: found an invalid key for this map",
		"text: a\n...\ntext: b":             "a second YAML document",
		"%YAML 1.2\n---\ntext: a\n":         "a second YAML document (the file holds one; take the --- and %-lines out)",
		"text: a\n---\n---\nb: c":           "3:1: a second YAML document",
		"---\n---\nb: c":                    "2:1: a second YAML document",
		"text: a\n--- # another\n---\nb: c": "a second YAML document",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestSyntaxDoesNotQuoteTheFile: what the YAML parser shows of the text may be
// a secret; only the place is shown.
func TestSyntaxDoesNotQuoteTheFile(t *testing.T) {
	for _, text := range []string{
		"text: s3cr3t: b\n", "text: 's3cr3t\n", "text: \"s3cr3t\n", "text: [s3cr3t\n", "text: {s3cr3t: \n", "text: s3cr3t\n  - b\n", "- s3cr3t\ntext: b\n", "text: @s3cr3t\n", "text: `s3cr3t`\n",
		"text: *s3cr3t\n", "text: |9\n s3cr3t\n", "text: \"\\q s3cr3t\"\n",
	} {
		_, err := parse(text)
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q is repeated: %v", text, err)
		}
		var wrong *form.Error
		if err != nil && (!errors.As(err, &wrong) || wrong.Problems[0].Line < 1) {
			t.Errorf("%q: no place: %v", text, err)
		}
	}
}

// TestErrorHoldsItsCauses: each of several.
func TestErrorHoldsItsCauses(t *testing.T) {
	err := error(&form.Error{Problems: []form.Problem{
		{Path: "a", Message: "is gone", Cause: fs.ErrNotExist}, {Path: "b", Message: "is wrong"}, {Path: "c", Message: "ended", Cause: io.ErrUnexpectedEOF},
	}})
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, fs.ErrPermission) {
		t.Errorf("causes of %v", err)
	}
	if err.Error() != "a: is gone\nb: is wrong\nc: ended" {
		t.Errorf("got %q", err)
	}
	if got := (&form.Error{Problems: []form.Problem{{Message: "m"}}}).Unwrap(); len(got) != 0 {
		t.Errorf("causes of nothing: %v", got)
	}
	_, opened := os.Open(filepath.Join(t.TempDir(), "none"))
	if got := form.ReasonOf(fmt.Errorf("read: %w", opened)); got != "no such file or directory" {
		t.Errorf("got %q", got)
	}
}

// TestDidYouMeanFindsEverySlip: one letter added, dropped, changed or swapped
// with its neighbour is always found among words that are far from each other.
func TestDidYouMeanFindsEverySlip(t *testing.T) {
	known := []string{"contexts", "registries", "protected", "allowHosts", "dependsOn", "serverName"}
	property := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 11))
		want := known[rng.IntN(len(known))]
		letters := []byte(want)
		i := rng.IntN(len(letters) - 1)
		switch rng.IntN(4) {
		case 0:
			letters = slices.Insert(letters, i, byte('a'+rng.IntN(26)))
		case 1:
			letters = slices.Delete(letters, i, i+1)
		case 2:
			letters[i] = byte('a' + rng.IntN(26))
		default:
			letters[i], letters[i+1] = letters[i+1], letters[i]
		}
		got := form.DidYouMean(string(letters), known)
		if got != "did you mean "+want+"?" {
			t.Errorf("%s: %s, want %s", letters, got, want)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 1000}); err != nil {
		t.Error(err)
	}
}

func TestDidYouMeanStaysQuiet(t *testing.T) {
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"a", []string{"b"}, "known here: b"}, // one letter for another is no likeness
		{"ab", []string{"b"}, "known here: b"},
		{"tls", []string{"ca"}, "known here: ca"},
		{"nothing", nil, ""},
		{"", []string{"a"}, "known here: a"},
		{"ports", []string{"sports", "port"}, "did you mean sports?"}, // as near as each other: the first
		{"PORT", []string{"ports", "port"}, "did you mean port?"},
		{"zzz", make([]string, 17), ""}, // too many to list
	} {
		if got := form.DidYouMean(c.word, c.known); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.word, c.known, got, c.want)
		}
	}
}

// TestQuote: a word of a file is shown in ASCII, cut, and can be read back.
func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"a": `"a"`, "": `""`, "a\"b": `"a\"b"`, "é": `"\u00e9"`, "\x1b[2J": `"\x1b[2J"`, "\u202e": `"\u202e"`, "\xff": `"\xff"`,
		strings.Repeat("a", 60): `"` + strings.Repeat("a", 60) + `"`,
		strings.Repeat("a", 61): `"` + strings.Repeat("a", 60) + `..."`,
	} {
		if got := form.Quote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// TestALongKeyIsCutInAPath: a key of letters alone, however long, fills no line.
func TestALongKeyIsCutInAPath(t *testing.T) {
	short, long := strings.Repeat("k", 60), strings.Repeat("k", 3000)
	if got, want := form.Join("a", short), "a."+short; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := form.Join("a", long), `a["`+short+`..."]`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// FuzzQuote: whatever it is, it becomes one short line of ASCII.
func FuzzQuote(f *testing.F) {
	for _, s := range append(hostile(), "\x1b[2J", "\xff\xfe", "\u202e", strings.Repeat("\xff", 100)) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{form.Quote(s), form.Join("a", s)} {
			if len(got) > 700 || strings.ContainsFunc(got, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Fatalf("%q is shown as %q", s, got)
			}
		}
		if got := form.Clean(s); form.HasControl(got) || !utf8.ValidString(got) {
			t.Fatalf("%q is cleaned to %q", s, got)
		}
		if form.Plain(s) && len(s) <= 60 && form.Join("a", s) != "a."+s {
			t.Fatalf("%q is plain and shown as %q", s, form.Join("a", s))
		}
		if form.BadName(s) == "" && form.HasControl(s) {
			t.Fatalf("%q is a name", s)
		}
	})
}
