package plain_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet/plain"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"payment-2":                     "payment-2",
		"no answer in 2s":               "no answer in 2s",
		"日本語 é ✓":                       "日本語 é ✓",
		"\x1b[31mred\x1b[0m":            `\x1b[31mred\x1b[0m`,
		"\x1b]0;title\x07":              `\x1b]0;title\x07`,
		"\u009b31m":                     `\x9b31m`,
		"\x9b31m":                       `\x9b31m`,
		"a\r\nb\tc\vd":                  "a b c d",
		"a\u0085b\u2028c\u2029d":        "a b c d",
		"a\u00a0b":                      "a b",
		"\u202egnp.exe":                 `\u202egnp.exe`,
		"a\u200bb\ufeff":                `a\u200bb\ufeff`,
		"\U000e0041":                    `\U000e0041`,
		"\xff":                          `\xff`,
		"\x00\x7f":                      `\x00\x7f`,
		"::error::x":                    ": :error::x",
		" \t::error title=a::x":         "  : :error title=a::x",
		"a ::error::x":                  "a ::error::x",
		"::1":                           "::1",
		"::":                            "::",
		"::1 8080":                      "::1 8080",
		"fe80::1%eth0":                  "fe80::1%eth0",
		"::fe80%eth0":                   "::fe80%eth0",
		"::error title=x":               ": :error title=x",
		"::add-mask":                    ": :add-mask",
		"::debug":                       ": :debug",
		"::decade":                      ": :decade",
		"::1::":                         ": :1::",
		"::ffff:10.0.0.1":               "::ffff:10.0.0.1",
		"[::1]:8080":                    "[::1]:8080",
		"a::b::c":                       "a::b::c",
		"##[error]x":                    "# #[error]x",
		"x ##[error]x":                  "x # #[error]x",
		"###[x]":                        "## #[x]",
		"##vso[a]##VSO[b]":              "# #vso[a]# #VSO[b]",
		"##teamcity[x]":                 "# #teamcity[x]",
		"#\x00#[x]":                     `#\x00#[x]`,
		"# heading ## more":             "# heading ## more",
		"\u00ad":                        `\xad`,
		"\n::error::x":                  " : :error::x",
		strings.Repeat("x", 100) + "\n": strings.Repeat("x", 100) + " ",
	} {
		if got := plain.Clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestCleanLines(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\tc":          "a\nb\tc",
		"a\r\nb":           "a\nb",
		"a\rb":             "a b",
		"x\n::error::y":    "x\n: :error::y",
		"x\n\t::error::y":  "x\n\t: :error::y",
		"\x1b[2J\n##[a]":   "\\x1b[2J\n# #[a]",
		"plain\nand plain": "plain\nand plain",
	} {
		if got := plain.CleanLines(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestUnlinkLines(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"a\nb":                       "a\nb",
		"::error::x\n ::b::\nc::d\n": ": :error::x\n : :b::\nc::d\n",
	} {
		if got := plain.UnlinkLines(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	if got, want := plain.Printable("::notice::\x1b[1m\n\tx\u202e"), "::notice::\\x1b[1m\n\tx\\u202e"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := plain.Printable("plain"); got != "plain" {
		t.Errorf("got %q", got)
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "✓ ✗ – · … →": "+ x - - ~ ->", "日": `\u65e5`, "😀": `\U0001f600`, "é": `\u00e9`,
		"└─ ├─ │ ┗━ ┣━ ┡━ ┃ ↑ ↻": "`- |- | `= |= |= | ^ @",
	} {
		if got := plain.ASCII(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "\x1b[31m", "::error::x", "##[x]", "##vso[", "a\nb", "\xff", "\u202e", "###vso[##[", " :::::: "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range []string{plain.Clean(s), plain.CleanLines(s)} {
			if !utf8.ValidString(c) {
				t.Fatalf("%q: broken UTF-8 in %q", s, c)
			}
			for line := range strings.Lines(c) {
				start := strings.TrimSpace(line)
				if strings.HasPrefix(start, "::") && strings.Contains(start[2:], "::") {
					t.Fatalf("%q: a command in %q", s, c)
				}
			}
			for _, r := range c {
				if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
					t.Fatalf("%q: %U in %q", s, r, c)
				}
			}
			low := strings.ToLower(c)
			for _, mark := range []string{"##[", "##vso[", "##teamcity["} {
				if strings.Contains(low, mark) {
					t.Fatalf("%q: %s in %q", s, mark, c)
				}
			}
		}
		once := plain.Clean(s)
		if strings.ContainsAny(once, "\n\t") {
			t.Fatalf("%q: more than a line: %q", s, once)
		}
		if twice := plain.Clean(once); twice != once {
			t.Fatalf("%q: twice is %q, once %q", s, twice, once)
		}
		if a := plain.ASCII(once); strings.ContainsFunc(a, func(r rune) bool { return r > '~' || r < ' ' }) {
			t.Fatalf("%q: not ASCII: %q", s, a)
		}
	})
}

// TestLineOfEveryRune: Line keeps what is printable, and nothing else.
func TestLineOfEveryRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		s := "a" + string(r)
		if kept, want := plain.Line(s) == s, r == ' ' || unicode.IsPrint(r); utf8.ValidRune(r) && kept != want {
			t.Fatalf("%U is kept: %v, want %v", r, kept, want)
		}
	}
}
