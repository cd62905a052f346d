package form_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// accepts says whether the schema of a thing's key takes a YAML value. It knows
// the words of JSON Schema that slots use.
func accepts(t *testing.T, key, text string) bool {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(form.Schema("x", thingSlot(&thing{})), &doc); err != nil {
		t.Fatal(err)
	}
	properties := doc["$defs"].(map[string]any)["thing"].(map[string]any)["properties"].(map[string]any)
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return fits(properties[key].(map[string]any), v)
}

func fits(s map[string]any, v any) bool {
	if choices, ok := s["anyOf"].([]any); ok {
		return slices.ContainsFunc(choices, func(c any) bool { return fits(c.(map[string]any), v) })
	}
	switch kind := fmt.Sprint(s["type"]); kind {
	case "string":
		word, ok := v.(string)
		pattern, _ := s["pattern"].(string)
		words, closed := s["enum"].([]any)
		least, _ := s["minLength"].(float64)
		return ok && regexp.MustCompile(pattern).MatchString(word) && (!closed || slices.Contains(words, any(word))) && len(word) >= int(least)
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "integer":
		n, ok := number(v)
		return ok && n >= s["minimum"].(float64) && n <= s["maximum"].(float64)
	case "array", "[array null]":
		list, ok := v.([]any)
		return v == nil && kind != "array" || ok && !slices.ContainsFunc(list, func(item any) bool { return !fits(s["items"].(map[string]any), item) })
	case "object", "[object null]":
		_, ok := v.(map[string]any)
		return ok || v == nil && kind != "object"
	}
	return false
}

// number is a whole number, as JSON Schema counts them.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case uint64:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, n == float64(int64(n))
	}
	return 0, false
}

// slotCase is a value at a key: what it becomes, or, behind a !, what is said
// of it.
type slotCase struct{ key, value, want string }

// try decodes the value and compares; what the decoder takes the schema has to
// take too.
func (c slotCase) try(t *testing.T, field func(thing) any) {
	t.Helper()
	x, err := parse(c.key + ": " + c.value + "\n")
	if want, bad := strings.CutPrefix(c.want, "!"); bad {
		var wrong *form.Error
		if !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Problems[0].Path, c.key) || !strings.Contains(wrong.Problems[0].Message+" "+wrong.Problems[0].Hint, want) {
			t.Errorf("%s: %s: got %v, want %q", c.key, c.value, err, want)
		}
		return
	}
	if err != nil || fmt.Sprint(field(x)) != c.want {
		t.Errorf("%s: %s: got %v, %v; want %s", c.key, c.value, field(x), err, c.want)
	}
	if !accepts(t, c.key, c.value) {
		t.Errorf("%s: %s is taken, and the schema refuses it", c.key, c.value)
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []slotCase{
		{"slow", "1ns", "1ns"},
		{"slow", "1us", "1µs"},
		{"slow", "1µs", "1µs"},
		{"slow", "1μs", "1µs"}, // the Greek letter, as some keyboards give it
		{"slow", "300ms", "300ms"},
		{"slow", "1.5s", "1.5s"},
		{"slow", ".5s", "500ms"},
		{"slow", "1.s", "1s"},
		{"slow", "+2s", "2s"},
		{"slow", "1h2m3s4ms", "1h2m3.004s"},
		{"slow", "90m", "1h30m0s"},
		{"slow", "'2s'", "2s"},
		{"slow", "100000h", "100000h0m0s"},
		{"slow", "2", "!a duration needs a unit"},
		{"slow", "2.5", "!a duration needs a unit"},
		{"slow", "'2'", "!is no duration"},
		{"slow", "-2s", "!is out of range more than 0"},
		{"slow", "0h", "!is out of range"},
		{"slow", "2d", "!is no duration"},
		{"slow", "2 s", "!is no duration"},
		{"slow", "s", "!is no duration"},
		{"slow", "2S", "!is no duration"},
		{"slow", "9999999h", "!is no duration"},
		{"slow", "soon", "!as in 300ms, 2s, 1m30s"},
		{"slow", "true", "!want text, not true or false"},
		{"slow", "[2s]", "!want text, not a list"},
		{"slow", "2001-01-01", "!is no duration"},
		{"slow", "1:30", "!is no duration"},
	} {
		c.try(t, func(x thing) any { return x.Slow })
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []slotCase{
		{"number", "1", "1"},
		{"number", "10", "10"},
		{"number", "+7", "7"},
		{"number", "0b101", "5"},
		{"number", "0o7", "7"},
		{"number", "0xA", "10"},
		{"number", "1_0", "10"},
		{"number", "0", "!0 is out of range 1 to 10"},
		{"number", "11", "!11 is out of range 1 to 10"},
		{"number", "-3", "!-3 is out of range 1 to 10"},
		{"number", "99999999999999999999", "!"},
		{"number", "3.0", "!want a whole number"},
		{"number", "3e0", "!want a whole number"},
		{"number", "1.5", "!want a whole number"},
		{"number", ".inf", "!want a whole number, not a number"},
		{"number", ".nan", "!want a whole number, not a number"},
		{"number", "'3'", "!want a whole number, not text"},
		{"number", "three", "!want a whole number, not text"},
		{"number", "", "!want a whole number, not nothing"},
		{"number", "true", "!want a whole number, not true or false"},
		{"number", "[3]", "!want a whole number, not a list"},
		{"number", "{a: 3}", "!want a whole number, not a mapping"},
	} {
		c.try(t, func(x thing) any { return x.Number })
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []slotCase{
		{"flag", "true", "true"},
		{"flag", "false", "false"},
		{"flag", "True", "true"},
		{"flag", "FALSE", "false"},
		{"flag", "yes", "!want true or false, not text"}, // no Norway problem: these are words
		{"flag", "no", "!want true or false, not text"},
		{"flag", "on", "!want true or false, not text"},
		{"flag", "'true'", "!want true or false, not text"},
		{"flag", "1", "!want true or false, not a number"},
		{"flag", "", "!want true or false, not nothing"},
		{"flag", "~", "!want true or false, not nothing"},
		{"flag", "[true]", "!want true or false, not a list"},
	} {
		c.try(t, func(x thing) any { return x.Flag })
		c.key = "tri"
		c.try(t, func(x thing) any {
			if x.Tri == nil {
				return "not said"
			}
			return *x.Tri
		})
	}
	x, err := parse("text: a\n")
	if err != nil || x.Tri != nil {
		t.Errorf("not said is not false: %v, %v", x.Tri, err)
	}
	if x, _ := parse("tri: 3\n"); x.Tri != nil {
		t.Error("a wrong value was kept")
	}
}

func TestWords(t *testing.T) {
	for _, c := range []slotCase{
		{"word", "one", "one"},
		{"word", "\"two\"", "two"},
		{"word", "One", `!want one or two, not "One"`},
		{"word", "' one'", `!want one or two, not " one"`},
		{"word", "''", "!is empty"},
		{"word", "1", "!want text, not a number put it in quotes"},
		{"word", "\"\\e[2J\"", "!holds a character that cannot be shown"},
		{"word", strings.Repeat("n", 500), "!" + `not "` + strings.Repeat("n", 60) + `..."`},
	} {
		c.try(t, func(x thing) any { return x.Word })
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []slotCase{
		{"texts", "a", "[a]"},
		{"texts", "[a]", "[a]"},
		{"texts", "[a, b, a]", "[a b a]"},
		{"texts", "[]", "[]"},
		{"texts", "\n  - a\n  - b c", "[a b c]"},
		{"texts", "a, b", "[a, b]"}, // one text with a comma in it
		{"texts", "", "!want text, not nothing"},
		{"texts", "~", "!want text, not nothing"},
		{"texts", "[~]", "!want text, not nothing"},
		{"texts", "[[a]]", "!want text, not a list"},
		{"texts", "[a, 3]", "!want text, not a number"},
		{"texts", "[a, '']", "!is empty"},
		{"texts", "x", "!has an x"},
	} {
		c.try(t, func(x thing) any { return x.Texts })
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []slotCase{
		{"path", "a", "dir/a"},
		{"path", "./a/../b", "dir/b"},
		{"path", "../../a", "../a"},
		{"path", "/a/../b", "/a/../b"}, // whole paths stay as they are
		{"path", "'a b'", "dir/a b"},
		{"path", "~/a", "!~ is not expanded here"},
		{"path", "~root/a", "!write the whole path"},
		{"path", "a~", "dir/a~"},
		{"path", "''", "!is empty"},
		{"path", "3", "!want text"},
		{"path", "$HOME/a", "dir/$HOME/a"}, // nothing is expanded
	} {
		c.try(t, func(x thing) any { return x.Path })
	}
}

// TestNothingBelowAKey: what a mapping or a list holds may all be commented
// out; then it says nothing, and the schema agrees.
func TestNothingBelowAKey(t *testing.T) {
	for _, key := range []string{"things", "named"} {
		for _, value := range []string{"", "~", "null", "\n  # - text: a\n"} {
			x, err := parse(key + ": " + value + "\nword: one\n")
			if err != nil || !reflect.DeepEqual(x, thing{Word: "one"}) {
				t.Errorf("%s: %q: %+v, %v", key, value, x, err)
			}
			if !accepts(t, key, "null") {
				t.Errorf("%s: the schema wants something", key)
			}
		}
	}
	if _, err := parse("some:\n"); err == nil || !strings.Contains(err.Error(), "some.text: is missing") {
		t.Errorf("a thing that wants a key has none: %v", err)
	}
	if accepts(t, "some", "null") {
		t.Error("the schema takes nothing where a key is wanted")
	}
}

// TestZeroIsNotSaid: what was not said is not shown, whatever its kind.
func TestZeroIsNotSaid(t *testing.T) {
	for _, x := range []thing{{}, {Texts: []string{}}, {Things: []thing{}}, {Named: map[string]thing{}}} {
		if v := thingSlot(&x).Value(); v != nil {
			t.Errorf("%+v is shown as %v", x, v)
		}
	}
	no := false
	for want, x := range map[string]thing{
		"tri: false\n":      {Tri: &no},
		"slow: 1ns\n":       {Slow: time.Nanosecond},
		"number: 1\n":       {Number: 1},
		"named:\n  a: {}\n": {Named: map[string]thing{"a": {Word: "a"}}},
	} {
		if got, err := form.Encode(thingSlot(&x).Value()); err != nil || string(got) != want {
			t.Errorf("%+v: %q, %v; want %q", x, got, err, want)
		}
	}
}

// TestWrongValuesAreNotKept: beside a problem the field stays as it was.
func TestWrongValuesAreNotKept(t *testing.T) {
	x, err := parse("text: 3\ntexts: 3\npath: 3\nword: three\nflag: 3\nnumber: 99\nslow: 3\n")
	if err == nil || !reflect.DeepEqual(x, thing{}) {
		t.Errorf("kept %+v beside %v", x, err)
	}
}

// TestPathsStartFromTheFile, wherever that is and however it was named.
func TestPathsStartFromTheFile(t *testing.T) {
	for _, c := range []struct{ file, dir, written, want string }{
		{"midwatch.yaml", ".", "ca.pem", "ca.pem"},
		{"./midwatch.yaml", ".", "./ca.pem", "ca.pem"},
		{"conf/midwatch.yaml", "conf", "ca.pem", "conf/ca.pem"},
		{"../conf/midwatch.yaml", "../conf", "../ca.pem", "../ca.pem"},
		{"/etc/mw/midwatch.yaml", "/etc/mw", "certs/ca.pem", "/etc/mw/certs/ca.pem"},
		{"/etc/mw/midwatch.yaml", "/etc/mw", "../../ca.pem", "/ca.pem"},
		{"/etc/mw/midwatch.yaml", "/etc/mw", "/ca.pem", "/ca.pem"},
		{"/etc/m w/#1.yaml", "/etc/m w", "a b.pem", "/etc/m w/a b.pem"},
		{"", ".", "ca.pem", "ca.pem"},
	} {
		var x thing
		dir := ""
		err := form.Parse(c.file, []byte("path: "+c.written+"\n"), thingSlot(&x), func(d *form.Decoder) { dir = d.Dir() })
		if err != nil || dir != c.dir || x.Path != c.want {
			t.Errorf("%s in %s: %q from %q, %v; want %q from %q", c.written, c.file, x.Path, dir, err, c.want, c.dir)
		}
		// What is shown is whole, or relative to where midwatch runs: read from
		// there it is the same.
		shown, err := form.Encode(thingSlot(&x).Value())
		var again thing
		if err == nil {
			err = form.Parse("shown.yaml", shown, thingSlot(&again), func(*form.Decoder) {})
		}
		if err != nil || again.Path != x.Path {
			t.Errorf("%s is shown as %s and read as %q, %v", x.Path, shown, again.Path, err)
		}
	}
}
