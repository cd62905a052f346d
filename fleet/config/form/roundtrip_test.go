package form_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// hostile are texts that YAML would read as something else if they were
// written as they are.
func hostile() []string {
	return []string{
		"null", "Null", "~", "true", "True", "TRUE", "false", "yes", "no", "on", "off", "y", "n",
		"0", "-0", "1", "+1", "01", "0o17", "0x1F", "0b11", "1_000", "1e3", "1.0", ".5", "5.", "-.inf", ".inf", ".nan", ".NaN", "1:30", "12:30:45",
		"2001-01-01", "2001-01-01T00:00:00Z", "99999999999999999999999",
		"-", "- a", "-a", "--", "---", "...", "?", "? a", ":", ": a", "a:", "a: b", "a:b", ":a", "::", "a ::b",
		"#", "# a", "a #b", "a#b", "a # b", "[", "[]", "[a]", "]", "{", "{}", "{a: b}", "}", ",", "a,b", "a, b",
		"&", "&a", "*", "*a", "!", "!a", "!!str a", "|", "|-", ">", ">-", "%", "%YAML", "@", "@a", "`", "`a`", "<<",
		"'", "''", "'a'", "a'b", "it's", `"`, `""`, `"a"`, `a"b`, `\`, `\n`, `\x41`, `a\`, `"\`, "'\"",
		" a", "a ", " a ", "  ", "a  b", "=", "é", "日本語", "🙂", "ä:ö", "\u00e9\u0301",
		"env:X", "file:/a", "https://h:1/p?q=1#f", "C:\\dir", "10.0.0.0/8", "fd00::/8", "::1", "*.example", "$(id)", "${X}", "%s", "::error::x",
		strings.Repeat("long ", 60) + "end", strings.Repeat("x", 300),
	}
}

// TestHostileTexts: whatever a text looks like, what is shown reads as the same
// text, alone, in a list, and as a value under a name.
func TestHostileTexts(t *testing.T) {
	for _, word := range hostile() {
		for what, x := range map[string]thing{
			"text":        {Text: word},
			"one of many": {Texts: []string{"a", word, "b"}},
			"the only":    {Texts: []string{word}},
			"below":       {Named: map[string]thing{"n": {Word: "n", Text: word}}},
			"in a list":   {Things: []thing{{Text: word}, {Text: "next"}}},
		} {
			if strings.Contains(word, "x") && x.Texts != nil {
				continue // texts of this form refuse an x
			}
			shown, err := form.Encode(thingSlot(&x).Value())
			if err != nil {
				t.Errorf("%s %q: %v", what, word, err)
				continue
			}
			again, err := parse(string(shown))
			if err != nil || !reflect.DeepEqual(again, x) {
				t.Errorf("%s %q is shown as\n%s\nand read as %+v, %v", what, word, shown, again, err)
			}
		}
	}
}

// TestNamesThatLookLikeValues: a name may be a word that YAML takes for a
// number, a truth or nothing.
func TestNamesThatLookLikeValues(t *testing.T) {
	for _, name := range []string{"true", "null", "1", "1.0", "0x10", "1e3", "no", "2001-01-01", "1_0", "-"} {
		if form.BadName(name) != "" {
			continue
		}
		want := thing{Named: map[string]thing{name: {Word: name, Text: "a"}, "z": {Word: "z", Text: "b"}}}
		shown, err := form.Encode(thingSlot(&want).Value())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parse(string(shown)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%s\nis read as %+v, %v", name, shown, got, err)
		}
		plain := "named:\n  " + name + ": {text: a}\n  z: {text: b}\n"
		if got, err := parse(plain); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("without quotes %s is read as %+v, %v", name, got, err)
		}
	}
}

// anyThing makes a thing of every kind of value by chance.
func anyThing(rng *rand.Rand) thing {
	word := func() string {
		for {
			if w := hostile()[rng.IntN(len(hostile()))]; !strings.Contains(w, "x") {
				return w
			}
		}
	}
	var x thing
	if rng.IntN(2) == 0 {
		x.Text = word()
	}
	for range rng.IntN(4) {
		x.Texts = append(x.Texts, word())
	}
	if rng.IntN(2) == 0 {
		x.Path = "/" + strings.Trim(word(), " /")
	}
	x.Word = []string{"", "one", "two"}[rng.IntN(3)]
	x.Flag = rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		yes := rng.IntN(2) == 0
		x.Tri = &yes
	}
	x.Number = rng.IntN(11)
	x.Slow = time.Duration(rng.Int64N(int64(100 * time.Hour)))
	for range rng.IntN(3) {
		x.Things = append(x.Things, thing{Text: word()})
	}
	for i := range rng.IntN(3) {
		if x.Named == nil {
			x.Named = map[string]thing{}
		}
		name := fmt.Sprintf("n%d.x-y_%d", i, rng.IntN(100))
		x.Named[name] = thing{Word: name, Text: word()}
	}
	if rng.IntN(2) == 0 {
		x.Some = &thing{Text: word()}
	}
	return x
}

// TestShownReadsAsTheSame: decode(show(x)) = x, for things of every shape.
func TestShownReadsAsTheSame(t *testing.T) {
	property := func(seed uint64) bool {
		want := anyThing(rand.New(rand.NewPCG(seed, 5)))
		shown, err := form.Encode(thingSlot(&want).Value())
		if err != nil {
			t.Errorf("%+v: %v", want, err)
			return false
		}
		got, err := parse(string(shown))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis read as %+v, %v\nwant %+v", shown, got, err, want)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 400}); err != nil {
		t.Error(err)
	}
}

// TestStylesReadAlike: the same thing in every way people write YAML.
func TestStylesReadAlike(t *testing.T) {
	want := thing{Text: "a: b", Texts: []string{"c", "d"}, Flag: true, Number: 10, Named: map[string]thing{"n": {Word: "n", Text: "e"}}}
	for style, text := range map[string]string{
		"block":             "text: 'a: b'\ntexts:\n  - c\n  - d\nflag: true\nnumber: 10\nnamed:\n  n:\n    text: e\n",
		"list not indented": "text: 'a: b'\ntexts:\n- c\n- d\nflag: true\nnumber: 10\nnamed:\n  n:\n    text: e\n",
		"flow":              `{text: "a: b", texts: [c, d], flag: true, number: 10, named: {n: {text: e}}}`,
		"JSON":              `{"text": "a: b", "texts": ["c", "d"], "flag": true, "number": 10, "named": {"n": {"text": "e"}}}`,
		"flow over lines":   "{\n  text: \"a: b\",\n  texts: [\n    c,\n    d,\n  ],\n  flag: true, number: 10,\n  named: {n: {text: e}},\n}\n",
		"other indents":     "text: \"a: b\"\ntexts:\n      - c\n      - d\nflag: true\nnumber: 10\nnamed:\n n:\n      text: e\n",
		"comments":          "# one\ntext: 'a: b' # two\n# three\ntexts: # four\n  # five\n  - c # six\n  - d\nflag: true\n\n\nnumber: 10\nnamed:\n  # seven\n  n:\n    # eight\n    text: e\n# nine\n",
		"document marks":    "---\ntext: 'a: b'\ntexts: [c, d]\nflag: true\nnumber: 10\nnamed: {n: {text: e}}\n...\n",
		"carriage returns":  "text: 'a: b'\r\ntexts:\r\n  - c\r\n  - d\r\nflag: true\r\nnumber: 10\r\nnamed:\r\n  n:\r\n    text: e\r\n",
		"another order":     "named: {n: {text: e}}\nnumber: 0xa\nflag: true\ntexts: [c, d]\ntext: \"a\\x3a b\"\n",
		"no last line end":  "text: 'a: b'\ntexts: [c, d]\nflag: true\nnamed: {n: {text: e}}\nnumber: 10",
		"folded":            "text: >-\n  a:\n  b\ntexts: [c, d]\nflag: true\nnumber: 10\nnamed: {n: {text: e}}\n",
		"quoted keys":       "\"text\": 'a: b'\n'texts': [c, d]\nflag: true\nnumber: 10\n\"named\": {\"n\": {'text': e}}\n",
	} {
		got, err := parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read as %+v, %v", style, got, err)
		}
	}
}

// TestByteOrderMark: a file from a Windows editor starts with three bytes that
// mean nothing.
func TestByteOrderMark(t *testing.T) {
	got, err := parse("\xef\xbb\xbftext: a\n")
	if err != nil || got.Text != "a" {
		t.Errorf("read as %+v, %v", got, err)
	}
}

// TestEncodeIsStable: the same thing is the same text, whatever the order of a
// map happens to be.
func TestEncodeIsStable(t *testing.T) {
	x := thing{Named: map[string]thing{}}
	for i := range 20 {
		name := fmt.Sprintf("n%02d", i)
		x.Named[name] = thing{Word: name, Text: name}
	}
	first, err := form.Encode(thingSlot(&x).Value())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, err := form.Encode(thingSlot(&x).Value()); err != nil || string(again) != string(first) {
			t.Fatalf("it differs: %v", err)
		}
	}
	if !strings.HasPrefix(string(first), "named:\n  n00:\n    text: n00\n  n01:") {
		t.Errorf("by name:\n%s", first)
	}
}
