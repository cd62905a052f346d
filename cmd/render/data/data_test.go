package data_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/midwatch-cli/midwatch/cmd/render/data"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
	"github.com/midwatch-cli/midwatch/fleet/gate"
	"github.com/midwatch-cli/midwatch/probe"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// doc is a small document that holds a text in its values and keys.
func doc(text string) document.Document {
	return document.Contexts(at, []document.Context{
		{Name: "plain", Registries: []string{"etcd://127.0.0.1:2379"}},
		{Name: text, Chosen: true, Registries: []string{text, "", "yes"}},
	})
}

// labelled is a document with a text as the key of a map.
func labelled(text string) document.Document {
	s := &fleet.Snapshot{At: at, Services: []fleet.ServiceView{{Ref: fleet.Ref{Name: "a"}, Labels: map[string]string{text: text, "zone": "b"}}}}
	return document.Services(s)
}

var texts = []string{
	"", " ", "a", "yes", "No", "null", "~", "1", "1e3", "0x1f", "2026-01-02", "- x", "a: b", "a #b", "#a", "##[error]", "a\nb", "  lead", "trail ", "\t", "'", `"`, `\`,
	"\x1b[31m", "\u009b", "\u202e", "\U000e0041", "\U0010ffff", "日本", "😀", "\xff", "<b>&", "\u2028", "{{x}}", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "?", "---", "...", "a/b.c_d-e", ",",
}

func generic(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func documents(text string) map[string]document.Document {
	return map[string]document.Document{"value": doc(text), "key": labelled(text)}
}

func TestJSONKeepsValues(t *testing.T) {
	for _, text := range texts {
		for name, d := range documents(text) {
			for _, ascii := range []bool{false, true} {
				for _, indent := range []bool{false, true} {
					var b bytes.Buffer
					if err := data.JSON(&b, d, indent, ascii); err != nil {
						t.Fatal(err)
					}
					var got any
					if err := json.Unmarshal(b.Bytes(), &got); err != nil || !reflect.DeepEqual(got, generic(t, d)) {
						t.Errorf("%s of %q: %v: %s", name, text, err, b.String())
					}
					if why := raw(b.String(), ascii); why != "" {
						t.Errorf("%s of %q: %s", name, text, why)
					}
				}
			}
		}
	}
}

// raw finds what should have been escaped.
func raw(s string, ascii bool) string {
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) || ascii && r > '~' {
			return fmt.Sprintf("a raw %U", r)
		}
	}
	if strings.Contains(s, "##") {
		return "a mark of a build system"
	}
	return ""
}

func TestYAMLKeepsValues(t *testing.T) {
	for _, text := range texts {
		for name, d := range documents(text) {
			for _, ascii := range []bool{false, true} {
				var b bytes.Buffer
				if err := data.YAML(&b, d, ascii); err != nil {
					t.Fatal(err)
				}
				var got any
				if err := yaml.Unmarshal(b.Bytes(), &got); err != nil || !reflect.DeepEqual(generic(t, got), generic(t, d)) {
					t.Errorf("%s of %q: %v:\n%s", name, text, err, b.String())
				}
				if why := raw(b.String(), ascii); why != "" {
					t.Errorf("%s of %q: %s", name, text, why)
				}
			}
		}
	}
}

func TestYAMLShape(t *testing.T) {
	var b bytes.Buffer
	if err := data.YAML(&b, doc("prod"), false); err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: midwatch/v1
kind: Contexts
context: null
at: "2026-01-02T03:04:05.000Z"
counts:
  items: 2
items:
  - name: plain
    chosen: false
    registries:
      - "etcd://127.0.0.1:2379"
    readOnly: false
    protected: false
  - name: prod
    chosen: true
    registries:
      - prod
      - ""
      - "yes"
    readOnly: false
    protected: false
errors: []
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestScalar(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "midwatch/v1": "midwatch/v1", "a-b_c.d": "a-b_c.d", "a1": "a1",
		"": `""`, "1a": `"1a"`, "a b": `"a b"`, "true": `"true"`, "Off": `"Off"`, "y": `"y"`, "-": `"-"`, "é": `"é"`, "a:b": `"a:b"`,
	} {
		if got := data.Scalar(text, false); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if got := data.Scalar("é", true); got != `"\u00e9"` {
		t.Errorf("in ASCII: %s", got)
	}
}

func FuzzYAML(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := generic(t, text)
		for _, ascii := range []bool{false, true} {
			var got any
			if err := yaml.Unmarshal([]byte("a: "+data.Scalar(text, ascii)+"\n"), &got); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if g := generic(t, got).(map[string]any)["a"]; g != want {
				t.Fatalf("%q: got %q", text, g)
			}
		}
	})
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	if err := data.Lines(&b, doc("a\nb"), false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], `{"name":"a\nb","chosen":true,`) {
		t.Errorf("got %q", lines)
	}
}

// great is a document of many items.
func great(n int) document.Document {
	v := fleet.ServiceView{Ref: fleet.Ref{Name: "a"}}
	for i := range n {
		v.Instances = append(v.Instances, fleet.InstanceView{
			Key: fleet.Key{Ref: v.Ref, Instance: fmt.Sprint(i)}, Instance: fleet.Instance{ID: fmt.Sprint(i)}, Status: fleet.Up,
			Probes: []probe.Result{{Outcome: probe.Pass, At: at}},
		})
	}
	return document.Check(&fleet.Snapshot{At: at, Services: []fleet.ServiceView{v}}, gate.Verdict{}, 0, false)
}

// watermark counts what is written, and the largest piece.
type watermark struct{ total, most int }

func (w *watermark) Write(b []byte) (int, error) {
	w.total += len(b)
	w.most = max(w.most, len(b))
	return len(b), nil
}

func TestGreatFleetIsWrittenItemByItem(t *testing.T) {
	var few, many watermark
	if err := data.JSON(&few, great(10), false, false); err != nil {
		t.Fatal(err)
	}
	if err := data.JSON(&many, great(5000), false, false); err != nil {
		t.Fatal(err)
	}
	if many.total < 100*few.total/2 || many.most > few.most+100 {
		t.Errorf("the largest piece is %d bytes of %d; with ten items it is %d of %d", many.most, many.total, few.most, few.total)
	}
}

// after fails once so many bytes were taken.
type after struct{ left int }

var errFull = errors.New("full")

func (a *after) Write(b []byte) (int, error) {
	if a.left -= len(b); a.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestEveryWriteErrorIsTold(t *testing.T) {
	d := great(3)
	for name, write := range map[string]func(io.Writer) error{
		"json":     func(w io.Writer) error { return data.JSON(w, d, false, false) },
		"indented": func(w io.Writer) error { return data.JSON(w, d, true, false) },
		"yaml":     func(w io.Writer) error { return data.YAML(w, d, false) },
		"lines":    func(w io.Writer) error { return data.Lines(w, d, false) },
		"jq":       func(w io.Writer) error { return data.JQ(t.Context(), w, d, ".items[]", false) },
		"template": func(w io.Writer) error { return data.Template(w, d, "{{json .}}", false) },
	} {
		var whole watermark
		if err := write(&whole); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, room := range []int{0, 1, whole.total / 2, whole.total - 1} {
			if err := write(&after{room}); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d of %d: %v", name, room, whole.total, err)
			}
		}
		if err := write(&after{whole.total}); err != nil {
			t.Errorf("%s with room enough: %v", name, err)
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	if err := data.Line(io.Discard, func() {}, false); err == nil {
		t.Error("a function was written")
	}
	if err := data.JQ(t.Context(), io.Discard, func() {}, ".", false); err == nil {
		t.Error("a function was read")
	}
	if err := data.Template(io.Discard, func() {}, ".", false); err == nil {
		t.Error("a function was read")
	}
}

func TestJQErrors(t *testing.T) {
	for expr, want := range map[string]string{
		".a[":              "--jq",
		"nosuch":           "nosuch",
		".items + 1":       "cannot",
		`error("\u001b")`:  `\x1b`,
		`{} | .[0]`:        "--jq",
		`"x" | halt_error`: "--jq",
	} {
		err := data.JQ(t.Context(), io.Discard, doc("x"), expr, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", expr, err, want)
		}
	}
	if err := data.CheckJQ(".items"); err != nil {
		t.Error(err)
	}
}

func TestJQNumbers(t *testing.T) {
	var b bytes.Buffer
	if err := data.JQ(t.Context(), &b, map[string]any{"i": 14, "f": 0.21, "big": 1e15, "neg": -3}, ".i, .f, .big, .neg, .i/4", false); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "14\n0.21\n1000000000000000\n-3\n3.5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJQText(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		var b bytes.Buffer
		if err := data.JQ(t.Context(), &b, map[string]any{"a": "é\x1b\nb"}, `.a, {a}, "two\nlines"`, ascii); err != nil {
			t.Fatal(err)
		}
		want := "é\\x1b b\n{\"a\":\"é\\\\x1b b\"}\ntwo\nlines\n"
		if ascii {
			want = "\\u00e9\\x1b b\n{\"a\":\"\\u00e9\\\\x1b b\"}\ntwo\nlines\n"
		}
		if b.String() != want {
			t.Errorf("ascii %v: got %q, want %q", ascii, b.String(), want)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"{{":                 "--template",
		"{{nosuch}}":         "nosuch",
		"{{.nosuch}}":        "nosuch",
		"{{index .items}}":   "",
		"{{template \"x\"}}": "x",
		"{{.items.x}}":       "--template",
	} {
		err := data.Template(io.Discard, doc("x"), text, false)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if err := data.CheckTemplate("{{.items}}"); err != nil {
		t.Error(err)
	}
}

func TestTemplateText(t *testing.T) {
	var b bytes.Buffer
	if err := data.Template(&b, map[string]any{"a": "x\x1b\ny", "n": 2.0}, "{{.a}}\t{{.n}}\n\n", false); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "x\\x1b y\t2\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEscapesWherever: what has to be escaped is found at every place of a line,
// and what need not be is left as it is.
func TestEscapesWherever(t *testing.T) {
	for _, c := range []struct{ text, want string }{{"\x7f", `\u007f`}, {"\u0080", `\u0080`}, {"ä", `\u00e4`}, {"##", `\u0023\u0023`}, {"~", "~"}, {"#", "#"}} {
		for before := range 20 {
			pad := strings.Repeat("a", before)
			for _, after := range []string{"", "b", strings.Repeat("b", 30)} {
				var out bytes.Buffer
				if err := data.Line(&out, pad+c.text+after, true); err != nil {
					t.Fatal(err)
				}
				if want := `"` + pad + c.want + after + "\"\n"; out.String() != want {
					t.Fatalf("%q after %d: got %s, want %s", c.text, before, out.String(), want)
				}
			}
		}
	}
}
