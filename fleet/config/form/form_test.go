package form_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// thing is a form of every kind of slot.
type thing struct {
	Text   string
	Texts  []string
	Path   string
	Word   string
	Flag   bool
	Tri    *bool
	Number int
	Slow   time.Duration
	Things []thing
	Named  map[string]thing
	Some   *thing
}

func thingSlot(x *thing) form.Slot {
	return form.Object[thing]{Dst: x, Name: "thing", Fields: []form.Field[thing]{
		{Key: "text", Help: "some text", Slot: func(x *thing) form.Slot { return form.Text(&x.Text, "", nil) }},
		{Key: "texts", Help: "texts without x", Slot: func(x *thing) form.Slot {
			return form.Texts(&x.Texts, func(s string) string {
				if strings.Contains(s, "x") {
					return "has an x"
				}
				return ""
			})
		}},
		{Key: "path", Help: "a path", Slot: func(x *thing) form.Slot { return form.FilePath(&x.Path) }},
		{Key: "word", Help: "a word", Slot: func(x *thing) form.Slot { return form.OneWord(&x.Word, "one", "two") }},
		{Key: "flag", Help: "a flag", Slot: func(x *thing) form.Slot { return form.Flag(&x.Flag) }},
		{Key: "tri", Help: "a flag that may be left out", Slot: func(x *thing) form.Slot { return form.Tristate(&x.Tri) }},
		{Key: "number", Help: "a number", Slot: func(x *thing) form.Slot { return form.Number(&x.Number, 1, 10) }},
		{Key: "slow", Help: "a duration", Slot: func(x *thing) form.Slot { return form.Duration(&x.Slow) }},
		{Key: "named", Help: "things with names", Slot: func(x *thing) form.Slot {
			return form.MapOf(&x.Named, func(y *thing, name string) { y.Word = name }, leafSlot)
		}},
		{Key: "some", Help: "a thing that may be there", Slot: func(x *thing) form.Slot { return form.Optional(&x.Some, leafSlot) }},
		{Key: "things", Help: "a list", Slot: func(x *thing) form.Slot { return form.ListOf(&x.Things, leafSlot) }},
	}}
}

func leafSlot(x *thing) form.Slot {
	return form.Object[thing]{Dst: x, Fields: []form.Field[thing]{
		{Key: "text", Help: "some text", Required: true, Slot: func(x *thing) form.Slot { return form.Text(&x.Text, "", nil) }},
	}}
}

func parse(text string) (thing, error) {
	var x thing
	err := form.Parse("dir/x.yaml", []byte(text), thingSlot(&x), func(*form.Decoder) {})
	return x, err
}

func TestSlots(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"text: hello", "text: hello\n"},
		{"text: 'true'", "text: \"true\"\n"},
		{"text: '1.10'", "text: \"1.10\"\n"},
		{`text: "a: b # c"`, "text: \"a: b # c\"\n"},
		{"texts: a", "texts: a\n"},
		{"texts: [a, b]", "texts:\n  - a\n  - b\n"},
		{"path: a/b", "path: dir/a/b\n"},
		{"path: ../a", "path: a\n"},
		{"path: /a", "path: /a\n"},
		{"word: two", "word: two\n"},
		{"flag: true", "flag: true\n"},
		{"flag: false", "{}\n"},
		{"tri: false", "tri: false\n"},
		{"number: 10", "number: 10\n"},
		{"number: 0x0a", "number: 10\n"},
		{"slow: 1500ms", "slow: 1.5s\n"},
		{"things: [{text: a}, {text: b}]", "things:\n  - text: a\n  - text: b\n"},
		{"named: {b: {text: x}, a: {text: z}}", "named:\n  a:\n    text: z\n  b:\n    text: x\n"},
		{"some: {text: a}", "some:\n  text: a\n"},
		{"things:\nnamed:\n", "{}\n"},
		{"", "{}\n"},
		{"# only a comment", "{}\n"},
		{"---\ntext: a\n...\n", "text: a\n"},
		{"text: a\r\nword: one\r\n", "text: a\nword: one\n"},
	} {
		x, err := parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		shown, err := form.Encode(thingSlot(&x).Value())
		if err != nil || string(shown) != c.want {
			t.Errorf("%q: shown as %q, %v; want %q", c.text, shown, err, c.want)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"text: 3", "1:7: text: want text, not a number (put it in quotes)"},
		{"text: true", "1:7: text: want text, not true or false (put it in quotes)"},
		{"text: [a]", "1:7: text: want text, not a list"},
		{"text: {a: b}", "1:7: text: want text, not a mapping"},
		{"text:", "1:7: text: want text, not nothing"},
		{"text: ~", "1:7: text: want text, not nothing"},
		{"text: ''", "1:7: text: is empty"},
		{`text: "a\e[31mb"`, "1:7: text: holds a character that cannot be shown"},
		{`text: "a\u202eb"`, "1:7: text: holds a character that cannot be shown"},
		{"text: |\n  a\n  b\n", "1:7: text: holds a character that cannot be shown"},
		{"texts: [a, x, xx]", "1:12: texts[1]: has an x\n1:15: texts[2]: has an x"},
		{"texts: {a: b}", "1:8: texts: want text, not a mapping"},
		{"path: ~/a", "1:7: path: ~ is not expanded here (write the whole path, or one relative to this file)"},
		{"word: three", `1:7: word: want one or two, not "three"`},
		{"flag: yes", "1:7: flag: want true or false, not text"},
		{"tri: ", "1:6: tri: want true or false, not nothing"},
		{"number: 11", "1:9: number: 11 is out of range (1 to 10)"},
		{"number: -1", "1:9: number: -1 is out of range (1 to 10)"},
		{"number: 1.5", "1:9: number: want a whole number"},
		{"number: '1'", "1:9: number: want a whole number, not text"},
		{"slow: 5", "1:7: slow: a duration needs a unit (as in 300ms, 2s, 1m30s)"},
		{"slow: 0s", `1:7: slow: "0s" is out of range (more than 0)`},
		{"slow: 2 days", `1:7: slow: "2 days" is no duration (as in 300ms, 2s, 1m30s)`},
		{"things: {text: a}", "1:9: things: want a list, not a mapping"},
		{"things: [{}]", "1:10: things[0].text: is missing"},
		{"things:\n  - text: a\n  -\n", "3:5: things[1].text: is missing"},
		{"named: {a b: {text: a}}", `1:9: named["a b"]: is not a name (letters, digits, dots, dashes and underscores, the first a letter or digit)`},
		{"named: [a]", "1:8: named: want a mapping, not a list"},
		{"some: 3", "1:7: some: want a mapping, not a number"},
		{"tetx: a", "1:1: tetx: unknown key (did you mean text?)"},
		{"completely: other", "1:1: completely: unknown key (known here: text, texts, path, word, flag, tri, number, slow, named, some, things)"},
		{"3: a", "1:1: 3: unknown key (known here: text, texts, path, word, flag, tri, number, slow, named, some, things)"},
		{"text: a\ntext: b", "2:1: text: is given twice"},
		{"text: &a b", "1:7: text: want text, not an anchor, alias or tag (profiles share by extends, contexts by profiles at the top level)"},
		{"text: !!str 3", "1:7: text: want text, not an anchor, alias or tag (profiles share by extends, contexts by profiles at the top level)"},
		{"[a]", "1:1: want a mapping, not a list"},
		{"text: a\n---\ntext: b\n", "2:1: a second YAML document (the file holds one; take the --- and %-lines out)"},
		{"text: [a", "1:7: not YAML: sequence end token ']' not found"},
		{"text: a\n\tword: b", "2:1: not YAML: found character '?' that cannot start any token (indent with spaces, not tabs; quote what starts with @, `, % or -)"},
		{"word: three\nnumber: 11\nflag: x\n", "1:7: word: want one or two, not \"three\"\n2:9: number: 11 is out of range (1 to 10)\n3:7: flag: want true or false, not text"},
		{"text: a\n# b\nword: \xff", "3:1: is not UTF-8 text"},
	} {
		_, err := parse(c.text)
		var wrong *form.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), "dir/x.yaml:", ""); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

// TestDeepAndBroken: text that would keep the parser busy for minutes, or
// break it, is refused at once.
func TestDeepAndBroken(t *testing.T) {
	for name, text := range map[string]string{
		"lists":             strings.Repeat("[", 100_000),
		"mappings":          strings.Repeat("{a: ", 100_000),
		"dashes":            strings.Repeat("- ", 100_000),
		"questions":         strings.Repeat("? ", 50_000),
		"anchors":           strings.Repeat("&a ", 50_000),
		"tags":              strings.Repeat("!a ", 50_000),
		"indented mappings": indented("a:", 2_000),
		"indented lists":    indented("-", 2_000),
	} {
		start := time.Now()
		_, err := parse(text)
		var wrong *form.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%s: got %v", name, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
	if _, err := parse(strings.Repeat("[", 100)); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("got %v", err)
	}
}

func indented(line string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + line + "\n")
	}
	return b.String()
}

// TestChecks: what is found after decoding stands at its own place, or at the
// nearest around it.
func TestChecks(t *testing.T) {
	var x thing
	text := "text: a\nnamed:\n  one: {text: b}\nthings:\n  - text: c\n  - text: d\n"
	err := form.Parse("x.yaml", []byte(text), thingSlot(&x), func(d *form.Decoder) {
		d.Fail("things[1].text", "its own", "")
		d.Fail("things[1].none.such", "the item's", "")
		d.Fail("named.one.other", "the name's", "do this")
		d.Fail("nowhere", "the top", "")
		if !d.Seen("things[1]") || d.Seen("things[2]") || !d.FailedAt("things") || d.FailedAt("thing") || d.FailedAt("text") || d.Failed() != 4 || d.Dir() != "." {
			t.Error("the decoder knows not what it saw")
		}
	})
	want := "x.yaml:1:1: nowhere: the top\nx.yaml:3:3: named.one.other: the name's (do this)\n" +
		"x.yaml:6:5: things[1].text: its own\nx.yaml:6:5: things[1].none.such: the item's"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestSchemaIsMadeOfTheSlots(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(form.Schema("x.yaml", thingSlot(&thing{})), &got); err != nil {
		t.Fatal(err)
	}
	if got["title"] != "x.yaml" || got["$ref"] != "#/$defs/thing" {
		t.Errorf("%v", got)
	}
	def := got["$defs"].(map[string]any)["thing"].(map[string]any)
	properties := def["properties"].(map[string]any)
	for key, want := range map[string]string{
		"text": "string", "word": "string", "flag": "boolean", "tri": "boolean", "number": "integer", "slow": "string",
		"things": "[array null]", "named": "[object null]", "some": "object", "path": "string",
	} {
		if s := properties[key].(map[string]any); fmt.Sprint(s["type"]) != want || s["description"] == "" {
			t.Errorf("%s: %v", key, s)
		}
	}
	if def["additionalProperties"] != false || len(properties) != 11 {
		t.Errorf("%v", def)
	}
}

func TestProblemAsText(t *testing.T) {
	for want, p := range map[string]form.Problem{
		"x.yaml:3:5: a.b: is wrong (do this)": {File: "x.yaml", Line: 3, Column: 5, Path: "a.b", Message: "is wrong", Hint: "do this"},
		"x.yaml: is wrong":                    {File: "x.yaml", Message: "is wrong"},
		"HOME: is wrong":                      {Path: "HOME", Message: "is wrong"},
		"is wrong":                            {Message: "is wrong"},
	} {
		if p.String() != want {
			t.Errorf("got %s, want %s", p, want)
		}
	}
	err := fmt.Errorf("outer: %w", form.Wrong("x", "is gone", "", fs.ErrNotExist))
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || !strings.HasSuffix(err.Error(), "x: is gone") {
		t.Errorf("got %v", err)
	}
	_, opened := os.Open("/no/such/file/at/all")
	if form.ReasonOf(opened) == opened.Error() || strings.Contains(form.ReasonOf(opened), "such/file") {
		t.Errorf("the path is repeated: %s", form.ReasonOf(opened))
	}
	if form.ReasonOf(errors.New("other")) != "other" {
		t.Error("another error is changed")
	}
}

func TestDidYouMean(t *testing.T) {
	few := []string{"name", "registries", "readOnly", "x"}
	for word, want := range map[string]string{
		"nam": "did you mean name?", "NAME": "did you mean name?", "registrys": "did you mean registries?", "read_only": "did you mean readOnly?",
		"y": "known here: name, registries, readOnly, x", "": "known here: name, registries, readOnly, x",
		strings.Repeat("n", 500): "known here: name, registries, readOnly, x",
	} {
		if got := form.DidYouMean(word, few); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	many := strings.Split(strings.Repeat("abcdefgh ", 20), " ")
	if got := form.DidYouMean("zzzz", many); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestNamesAndPaths(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "prod-1.eu_x": true, "9": true, "": false, "-a": false, ".a": false, "a b": false, "a/b": false, "a,b": false, "ä": false, "a\n": false,
	} {
		if got := form.BadName(name) == ""; got != good {
			t.Errorf("%q is a name: %v", name, got)
		}
	}
	for want, got := range map[string]string{
		"a.b": form.Join("a", "b"), "b": form.Join("", "b"), `a["b c"]`: form.Join("a", "b c"), `a["\x1b"]`: form.Join("a", "\x1b"), "a[3]": form.Index("a", 3),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := form.Quote(strings.Repeat("é", 100)); len(got) > 400 || !strings.HasSuffix(got, `..."`) {
		t.Errorf("a long word is not cut: %s", got)
	}
}

// FuzzParse: whatever the text, the answer is a thing or problems with places.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"text: a", "things: [{text: a}]", "named:\n  a: {text: b}\n", "a: &b c", "? a\n: b", "- \"\\e\"", "text: |\n  a", "{", "---\n...\n---", "%YAML 1.2\n---\na: b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := parse(string(data))
		if err == nil {
			return
		}
		var wrong *form.Error
		if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
			t.Fatalf("no problems: %v", err)
		}
		for _, p := range wrong.Problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || form.HasControl(p.String()) {
				t.Fatalf("no place, no message or a control character: %#v", p)
			}
		}
	})
}
