package rawjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

func parse(t *testing.T, text string) rawjson.Value {
	t.Helper()
	v, ok := rawjson.Parse([]byte(text))
	if !ok {
		t.Fatalf("%q is not taken for JSON", text)
	}
	return v
}

func TestObject(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{}`, ""},
		{` { } `, ""},
		{`{"a":1}`, "a=1"},
		{"\n{\t\"a\" :\r 1 }\n", "a=1"},
		{`{"b":1,"a":2}`, "a=2 b=1"},
		{`{"a":1,"a":2}`, "a=2"},
		{`{"b":0,"a":1,"b":2,"a":3,"b":4}`, "a=3 b=4"},
		{`{"a":null,"b":true,"c":false,"d":-1.5e+3,"e":"x","f":[],"g":{}}`, `a=null b=true c=false d=-1.5e+3 e="x" f=[] g={}`},
		{`{"a":{"b":[{"c":"}]"}]},"d":"{["}`, `a={"b":[{"c":"}]"}]} d="{["`},
		{`{"a":"\"","b":"\\","c":"\\\"}"}`, `a="\"" b="\\" c="\\\"}"`},
		{`{"\u0061":1,"b\n":2,"":3}`, "=3 a=1 b\n=2"},
		{`{"a,b:c":[1,2 , 3],"d":0}`, "a,b:c=[1,2 , 3] d=0"},
		{"{\"a\":\"x\x01y\"}", `a="x y"`}, // forgiven
	} {
		o, ok := parse(t, c.text).Object()
		var all []string
		for _, m := range o {
			all = append(all, m.Name+"="+string(m.Value))
			if o.Get(m.Name) != m.Value {
				t.Errorf("%q: %s is %q", c.text, m.Name, o.Get(m.Name))
			}
		}
		if got := strings.Join(all, " "); got != c.want || !ok {
			t.Errorf("%q: got %q, %v; want %q", c.text, got, ok, c.want)
		}
		if o.Get("not there") != "" {
			t.Errorf("%q has what is not there", c.text)
		}
	}
	var none rawjson.Object
	if none.Get("a") != "" {
		t.Error("no object has a member")
	}
}

func TestArray(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "", ` [ ] `: "", `[1]`: "1", `[ 1 , "a,b" ,[2,[3]], {"a":[]} ,null]`: `1|"a,b"|[2,[3]]|{"a":[]}|null`, `[[[]]]`: "[[]]", `["]"]`: `"]"`,
	} {
		a, ok := parse(t, text).Array()
		var all []string
		for _, v := range a {
			all = append(all, string(v))
		}
		if got := strings.Join(all, "|"); got != want || !ok {
			t.Errorf("%s: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

// TestKinds: a value is of one kind, and what asks for another gets nothing.
func TestKinds(t *testing.T) {
	for text, form := range map[string]byte{`"x"`: '"', `{}`: '{', `[]`: '[', `true`: 't', `false`: 'f', `null`: 'n', `-7`: '-', `7`: '7', ``: 0} {
		v := rawjson.Value(text)
		if v.Form() != form {
			t.Errorf("%s has the form %q", text, v.Form())
		}
		_, isText := v.Text()
		_, isObject := v.Object()
		_, isArray := v.Array()
		if isText != (form == '"') || isObject != (form == '{') || isArray != (form == '[') {
			t.Errorf("%s: text %v, object %v, array %v", text, isText, isObject, isArray)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		`""`: "", `"UP"`: "UP", `"\u0055P"`: "UP", `"a\"b\\c\/d\n"`: "a\"b\\c/d\n", `"é"`: "é", `"\u00e9\ud83d\ude00"`: "é😀", `"\ud83d"`: "\ufffd", "\"\xff\"": "\ufffd",
	} {
		if got, ok := rawjson.Value(text).Text(); got != want || !ok {
			t.Errorf("%s: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestNoJSON(t *testing.T) {
	for _, text := range []string{
		"", " ", "{", "}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `[1,]`, `[1 2]`, `{"a":1}}`, `{"a":1} x`, `"a`, `{"a":tru}`, `{'a':1}`, `{"a":01}`,
		`{"a":"\x"}`, strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
	} {
		if v, ok := rawjson.Parse([]byte(text)); ok {
			t.Errorf("%.40q is taken for JSON: %.40q", text, v)
		}
	}
}

// TestParseKeepsNothing: a body's room is used again for the next.
func TestParseKeepsNothing(t *testing.T) {
	body := []byte(`{"status":"UP"}`)
	v, _ := rawjson.Parse(body)
	copy(body, bytes.Repeat([]byte("x"), len(body)))
	o, _ := v.Object()
	if text, _ := o.Get("status").Text(); text != "UP" {
		t.Errorf("got %q", text)
	}
}

// TestManyMembers: a page of facts may have a hundred thousand of them.
func TestManyMembers(t *testing.T) {
	const n = 100_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, (i*7919)%n, i)
	}
	o, ok := parse(t, "{"+b.String()[1:]+"}").Object()
	if !ok || len(o) != n || !slices.IsSortedFunc(o, func(a, b rawjson.Member) int { return strings.Compare(a.Name, b.Name) }) {
		t.Fatalf("%d members, %v", len(o), ok)
	}
	for i := 0; i < n; i += 997 {
		if got := o.Get(fmt.Sprint("k", (i*7919)%n)); string(got) != fmt.Sprint(i) {
			t.Fatalf("k%d is %s, want %d", (i*7919)%n, got, i)
		}
	}
}

// agrees holds a value against encoding/json.
func agrees(t *testing.T, v rawjson.Value) {
	t.Helper()
	switch v.Form() {
	case '{':
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(v), &want); err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		o, _ := v.Object()
		if len(o) != len(want) {
			t.Fatalf("%q: %d members, want %d", v, len(o), len(want))
		}
		for i, name := range slices.Sorted(maps.Keys(want)) {
			if o[i].Name != name || string(o[i].Value) != string(bytes.TrimSpace(want[name])) {
				t.Fatalf("%q: member %q is %q, want %q", v, o[i].Name, o[i].Value, want[name])
			}
			agrees(t, o[i].Value)
		}
	case '[':
		var want []json.RawMessage
		if err := json.Unmarshal([]byte(v), &want); err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		a, _ := v.Array()
		if len(a) != len(want) {
			t.Fatalf("%q: %d items, want %d", v, len(a), len(want))
		}
		for i := range want {
			if string(a[i]) != string(bytes.TrimSpace(want[i])) {
				t.Fatalf("%q: item %d is %q, want %q", v, i, a[i], want[i])
			}
			agrees(t, a[i])
		}
	case '"':
		var want string
		if err := json.Unmarshal([]byte(v), &want); err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		if got, ok := v.Text(); got != want || !ok {
			t.Fatalf("%q: %q, want %q", v, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":{"b":[1,"x\"}",{}],"c":null},"a":true}`, ` [ {"name" : "\u0061" } , -1.5e3 , [ ] ] `, `"x"`, `{"":""}`, "{\"a\":\"\x00\"}", `[[[[[[`, `{"\ud83d":"\xff"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, ok := rawjson.Parse(body)
		if !ok {
			if json.Valid(body) {
				t.Fatalf("%q is JSON", body)
			}
			return
		}
		agrees(t, v)
	})
}
