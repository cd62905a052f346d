package form_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// absolute makes the paths of a thing whole: shown, they start from elsewhere.
func absolute(x *thing) {
	if x.Path != "" && !strings.HasPrefix(x.Path, "/") {
		x.Path = "/" + x.Path
	}
}

// FuzzShown: what is read from whatever text is shown as YAML and as JSON that
// read as the same thing, and shown again are the same text.
func FuzzShown(f *testing.F) {
	for _, word := range hostile() {
		quoted, err := json.Marshal(word)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("text: " + string(quoted) + "\ntexts: [a, " + string(quoted) + "]\n")
		f.Add("text: " + word + "\n")
	}
	f.Add("named:\n  a: {text: |-\n")
	f.Add("things: [{text: a}, {text: 'b'}]\ntri: false\nslow: 1h\nnumber: 0b11\npath: ../x\nsome: {text: c}\n")
	f.Fuzz(func(t *testing.T, text string) {
		want, err := parse(text)
		if err != nil {
			return
		}
		absolute(&want)
		shown, err := form.Encode(thingSlot(&want).Value())
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		asJSON, err := form.JSON(thingSlot(&want).Value())
		if err != nil || !json.Valid(asJSON) {
			t.Fatalf("%+v: %s, %v", want, asJSON, err)
		}
		for _, again := range [][]byte{shown, asJSON} {
			got, err := parse(string(again))
			if err != nil {
				t.Fatalf("%q is shown as %q, which is refused: %v", text, again, err)
			}
			twice, err := form.Encode(thingSlot(&got).Value())
			if err != nil || string(twice) != string(shown) {
				t.Fatalf("%q is shown as %q, and then as %q (%v)", text, shown, twice, err)
			}
		}
	})
}

// TestLineEnds: the end of a line is no part of what is read, whichever system
// wrote it, within a text of several lines too.
func TestLineEnds(t *testing.T) {
	const text = "# one\ntext: >-\n  a\n  b\ntexts: # two\n  - c\n  # three\n  - d\nnamed:\n  n: {text: 'e\n    f'}\n"
	want, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parse(strings.ReplaceAll(text, "\n", "\r\n")); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with carriage returns: %+v, %v; want %+v", got, err, want)
	}
	if got, err := parse(strings.TrimSuffix(text, "\n")); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("without the last: %+v, %v", got, err)
	}
	// A carriage return alone ends no line of ours, and cannot be shown.
	if _, err := parse("text: \"a\\rb\"\n"); err == nil || !strings.Contains(err.Error(), "holds a character that cannot be shown") {
		t.Errorf("a carriage return in a text: %v", err)
	}
}

// TestPlacesDoNotDependOnLineEnds: the same problems at the same places.
func TestPlacesDoNotDependOnLineEnds(t *testing.T) {
	for _, text := range []string{
		"# a\nword: three # b\n# c\nnumber: 99\nthings:\n  # d\n  - tetx: a\n",
		"text: a\n# b\n---\n# c\ntext: d\n",
		"named:\n  # a\n  b c: {text: d}\n  # e\n  f: {}\n",
		"# a\n# b\ntext: [c\n",
	} {
		var said [2]string
		for i, ends := range []string{"\n", "\r\n"} {
			_, err := parse(strings.ReplaceAll(text, "\n", ends))
			var wrong *form.Error
			if !errors.As(err, &wrong) {
				t.Fatalf("%q is taken: %v", text, err)
			}
			said[i] = err.Error()
		}
		if said[0] != said[1] {
			t.Errorf("%q:\n%s\nwith carriage returns:\n%s", text, said[0], said[1])
		}
	}
}

// TestMapOfNamesItsThings before they are decoded, so that a check can speak of
// them, and keeps none whose name is wrong.
func TestMapOfNamesItsThings(t *testing.T) {
	x, err := parse("named:\n  good: {text: a}\n  -bad: {text: b}\n  '': {text: c}\n  also.good: {text: d}\n")
	var wrong *form.Error
	if !errors.As(err, &wrong) || len(wrong.Problems) != 2 {
		t.Fatalf("got %v", err)
	}
	want := map[string]thing{"good": {Word: "good", Text: "a"}, "also.good": {Word: "also.good", Text: "d"}}
	if !reflect.DeepEqual(x.Named, want) {
		t.Errorf("kept %+v", x.Named)
	}
	if p := wrong.Problems[0]; p.Path != "named.-bad" || p.Message != "is not a name" || p.Hint != form.NameHint {
		t.Errorf("got %+v", p)
	}
	if p := wrong.Problems[1]; p.Path != `named[""]` || p.Message != "is empty" {
		t.Errorf("got %+v", p)
	}
}

// TestRequired: each key that is missing is said, at the thing that wants it,
// also where the thing is nothing at all.
func TestRequired(t *testing.T) {
	for text, want := range map[string]string{
		"things:\n  - {}\n":           "2:5: things[0].text: is missing",
		"things:\n  -\n":              "2:5: things[0].text: is missing",
		"things: [~]":                 "1:10: things[0].text: is missing",
		"named:\n  a:\n":              "2:6: named.a.text: is missing",
		"named: {a: {}}":              "1:12: named.a.text: is missing",
		"some: {}":                    "1:7: some.text: is missing",
		"some: {tetx: a}":             "1:7: some.text: is missing\n1:8: some.tetx: unknown key (did you mean text?)",
		"things: [{text: a}, {}, {}]": "1:21: things[1].text: is missing\n1:25: things[2].text: is missing",
	} {
		_, err := parse(text)
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), "dir/x.yaml:", ""); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}
