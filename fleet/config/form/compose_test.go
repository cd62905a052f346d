package form_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/config/form"
)

// TestSlotSchemas: what each slot says of itself, to the letter.
func TestSlotSchemas(t *testing.T) {
	var x thing
	for name, c := range map[string]struct {
		slot form.Slot
		want string
	}{
		"text":          {form.Text(&x.Text, "", nil), `{"minLength":1,"type":"string"}`},
		"named text":    {form.Text(&x.Text, "^a$", nil), `{"minLength":1,"pattern":"^a$","type":"string"}`},
		"texts":         {form.Texts(&x.Texts, nil), `{"anyOf":[{"minLength":1,"type":"string"},{"items":{"minLength":1,"type":"string"},"type":"array"}]}`},
		"path":          {form.FilePath(&x.Path), `{"minLength":1,"type":"string"}`},
		"word":          {form.OneWord(&x.Word, "b", "a"), `{"enum":["b","a"],"type":"string"}`},
		"flag":          {form.Flag(&x.Flag), `{"type":"boolean"}`},
		"tristate":      {form.Tristate(&x.Tri), `{"type":"boolean"}`},
		"number":        {form.Number(&x.Number, 2, 9), `{"maximum":9,"minimum":2,"type":"integer"}`},
		"list":          {form.ListOf(&x.Things, leafSlot), `{"items":{"additionalProperties":false,"properties":{"text":{"description":"some text","minLength":1,"type":"string"}},"required":["text"],"type":"object"},"type":["array","null"]}`},
		"optional":      {form.Optional(&x.Some, leafSlot), `{"additionalProperties":false,"properties":{"text":{"description":"some text","minLength":1,"type":"string"}},"required":["text"],"type":"object"}`},
		"nothing wrong": {form.Object[thing]{Dst: &x}, `{"additionalProperties":false,"properties":{},"type":["object","null"]}`},
	} {
		got, err := json.Marshal(c.slot.Schema(map[string]any{}))
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", name, got, err, c.want)
		}
	}
}

// TestSharedSchemasStandOnce: a form with a name is described in one place,
// however often it is used.
func TestSharedSchemasStandOnce(t *testing.T) {
	shared := func(x *thing) form.Slot {
		return form.Object[thing]{Dst: x, Name: "shared", Fields: []form.Field[thing]{
			{Key: "text", Help: "some text", Slot: func(x *thing) form.Slot { return form.Text(&x.Text, "", nil) }},
		}}
	}
	var x thing
	top := form.Object[thing]{Dst: &x, Fields: []form.Field[thing]{
		{Key: "things", Help: "a list", Slot: func(x *thing) form.Slot { return form.ListOf(&x.Things, shared) }},
		{Key: "named", Help: "by name", Slot: func(x *thing) form.Slot { return form.MapOf(&x.Named, func(*thing, string) {}, shared) }},
		{Key: "some", Help: "perhaps", Slot: func(x *thing) form.Slot { return form.Optional(&x.Some, shared) }},
	}}
	text := string(form.Schema("x", top))
	if strings.Count(text, `"#/$defs/shared"`) != 3 || strings.Count(text, `"some text"`) != 1 {
		t.Errorf("got\n%s", text)
	}
	if again := string(form.Schema("x", top)); again != text {
		t.Error("made twice it differs")
	}
	if !json.Valid([]byte(text)) || !strings.HasSuffix(text, "}\n") {
		t.Errorf("got\n%s", text)
	}
}

// TestJSON: the same values in the same order, and the texts as they are.
func TestJSON(t *testing.T) {
	yes := true
	for want, x := range map[string]thing{
		"{}\n": {},
		"{\n  \"text\": \"a\",\n  \"flag\": true\n}\n":                                        {Flag: true, Text: "a"},
		"{\n  \"texts\": [\n    \"1.10\",\n    \"true\"\n  ],\n  \"tri\": true\n}\n":          {Texts: []string{"1.10", "true"}, Tri: &yes},
		"{\n  \"number\": 3,\n  \"slow\": \"1.5s\",\n  \"named\": {\n    \"1\": {}\n  }\n}\n": {Number: 3, Slow: 1500 * time.Millisecond, Named: map[string]thing{"1": {Word: "1"}}},
	} {
		if got, err := form.JSON(thingSlot(&x).Value()); err != nil || string(got) != want {
			t.Errorf("%+v:\n got %q, %v\nwant %q", x, got, err, want)
		}
	}
	for _, word := range hostile() {
		x := thing{Text: word}
		data, err := form.JSON(thingSlot(&x).Value())
		var got struct{ Text any }
		if err := errors.Join(err, json.Unmarshal(data, &got)); err != nil || got.Text != word {
			t.Errorf("%q is shown as %s and read as %v, %v", word, data, got.Text, err)
		}
		// JSON is YAML: what is shown can be read as a file too.
		if again, err := parse(string(data)); err != nil || again.Text != word {
			t.Errorf("%q is shown as %s and read as %+v, %v", word, data, again, err)
		}
	}
}

// TestKeysTwice in every style, each further one with its own place.
func TestKeysTwice(t *testing.T) {
	for text, want := range map[string]string{
		"text: a\nword: one\ntext: b\n":                            "3:1: text: is given twice",
		"{text: a, text: b}":                                       "1:11: text: is given twice",
		"text: a\n\"text\": b\n":                                   "2:1: text: is given twice",
		"text: a\n'text': b\n":                                     "2:1: text: is given twice",
		"text: a\ntext: b\ntext: c\n":                              "2:1: text: is given twice\n3:1: text: is given twice",
		"named:\n  a: {text: x}\n  b: {text: y}\n  a: {text: z}\n": "4:3: named.a: is given twice",
		"named: {1: {text: x}, '1': {text: y}}":                    "1:23: named.1: is given twice",
		"things:\n  - {text: a, text: b}\n":                        "2:15: things[0].text: is given twice",
		"Text: a\ntext: b\n":                                       "1:1: Text: unknown key (did you mean text?)",
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

// TestDepth: what the form can need is read, what is far beyond is refused
// before the parser sees it.
func TestDepth(t *testing.T) {
	deep := func(n int) string { return "texts: " + strings.Repeat("[", n) + "a" + strings.Repeat("]", n) }
	for n, refused := range map[int]bool{1: false, 10: false, 64: false, 65: true, 1000: true} {
		_, err := parse(deep(n))
		got := err != nil && strings.Contains(err.Error(), "is nested too deeply")
		if got != refused || n > 1 && err == nil {
			t.Errorf("%d deep: %v", n, err)
		}
	}
	// Many brackets beside each other are no depth.
	if _, err := parse("texts: [" + strings.Repeat("[], ", 500) + "]"); err == nil || strings.Contains(err.Error(), "deeply") {
		t.Errorf("wide: %v", err)
	}
}

// TestWide: a file of thousands of entries is read in the order it has.
func TestWide(t *testing.T) {
	var b strings.Builder
	b.WriteString("things:\n")
	const n = 3000
	for i := range n {
		fmt.Fprintf(&b, "  - text: t%d\n", i)
	}
	b.WriteString("named:\n")
	for i := range n {
		fmt.Fprintf(&b, "  n%d: {text: t%d}\n", i, i)
	}
	x, err := parse(b.String())
	if err != nil || len(x.Things) != n || len(x.Named) != n || x.Things[n-1].Text != fmt.Sprint("t", n-1) || x.Named["n7"].Text != "t7" {
		t.Errorf("%d and %d, %v", len(x.Things), len(x.Named), err)
	}
}

// TestSpoiltFiles takes a file that is right and spoils it a little, in
// thousands of ways: what comes of it is a thing or problems with places within
// the file, never anything else.
func TestSpoiltFiles(t *testing.T) {
	const right = "text: 'a: b' # said\ntexts:\n  - c\n  - \"d\"\nword: one\nflag: true\nnumber: 0x0a\nslow: 1m30s\nthings: [{text: e}, {text: f}]\nnamed:\n  g:\n    text: |-\n      h\n  i:\n    text: >-\n      j\nsome: {text: k}\n"
	signs := []string{"", " ", "\t", "\n", ":", "- ", "#", "'", `"`, "{", "}", "[", "]", "&a ", "*a", "!", "|", ">", "%", "@", "`", "? ", "---\n", "...\n", "\\", "é", "\x1b", "\xff", "<<: ", ","}
	if _, err := parse(right); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 1))
	taken := 0
	for range 4000 {
		text := right
		for range 1 + rng.IntN(3) {
			from := rng.IntN(len(text))
			to := min(len(text), from+rng.IntN(4))
			text = text[:from] + signs[rng.IntN(len(signs))] + text[to:]
		}
		x, err := parse(text)
		if err == nil {
			if taken++; !reflect.DeepEqual(x, thing{}) {
				again, err := form.Encode(thingSlot(&x).Value())
				if back, bad := parse(strings.ReplaceAll(string(again), "dir/", "")); err != nil || bad != nil || back.Text != x.Text || len(back.Named) != len(x.Named) {
					t.Fatalf("%q is taken and shown as %q: %v, %v", text, again, err, bad)
				}
			}
			continue
		}
		var wrong *form.Error
		if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
			t.Fatalf("%q: %v", text, err)
		}
		for _, p := range wrong.Problems {
			if p.File != "dir/x.yaml" || p.Line < 1 || p.Column < 1 || p.Line > strings.Count(text, "\n")+2 || p.Message == "" || form.HasControl(p.String()) {
				t.Fatalf("%q: %+v", text, p)
			}
		}
	}
	if taken == 0 {
		t.Error("every way to spoil the file was found: the test spoils too much to say anything")
	}
}
