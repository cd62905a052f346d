package data_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/data"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// asked is what an expression makes of a value.
func asked(t *testing.T, v any, expr string, ascii bool) (string, error) {
	t.Helper()
	var b bytes.Buffer
	err := data.JQ(t.Context(), &b, v, expr, ascii)
	return b.String(), err
}

// templated is what a template makes of a value.
func templated(t *testing.T, v any, text string, ascii bool) (string, error) {
	t.Helper()
	var b bytes.Buffer
	err := data.Template(&b, v, text, ascii)
	return b.String(), err
}

// TestJQResults: each result has a line of its own; texts stand without quotes,
// as with jq -r, and the rest is JSON on one line.
func TestJQResults(t *testing.T) {
	v := map[string]any{"s": "a b", "n": nil, "b": true, "l": []any{1, "x", nil}, "m": map[string]any{"z": 1, "a": []int{2}}, "e": "", "f": 2.0, "q": `"`}
	for expr, want := range map[string]string{
		".s":                       "a b\n",
		".e":                       "\n",
		".q":                       "\"\n",
		".n":                       "null\n",
		".b, .b | not":             "false\nfalse\n",
		".l":                       `[1,"x",null]` + "\n",
		".l[]":                     "1\nx\nnull\n",
		".m":                       `{"a":[2],"z":1}` + "\n",
		".f":                       "2\n",
		".nosuch.deep":             "null\n",
		".l[9]":                    "null\n",
		"empty":                    "",
		".s, .s | @json":           "\"a b\"\n\"a b\"\n",
		".l | @csv":                "1,\"x\",\n",
		".l | tojson":              `[1,"x",null]` + "\n",
		"nan":                      "null\n",
		"infinite":                 "1.7976931348623157e+308\n",
		"[limit(3; repeat(1))]":    "[1,1,1]\n",
		"first(range(10))":         "0\n",
		".m | keys[]":              "a\nz\n",
		".s as $x | $x":            "a b\n",
		"$ENV | length":            "0\n",
		"try error(\"x\") catch .": "x\n",
		".s | halt":                "",
		".s, halt, .s":             "a b\n",
	} {
		if got, err := asked(t, v, expr, false); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", expr, got, err, want)
		}
	}
}

// TestJQStopsAtTheFirstError: what came before it is written, and the error says
// what did not fit.
func TestJQStopsAtTheFirstError(t *testing.T) {
	for _, c := range []struct{ expr, out, part string }{
		{`.[] | . + 1`, "2\n", `cannot add: string ("b") and number (1)`},
		{`.[0], error("why\nnot"), .[1]`, "1\n", "why not"},
		{`.[] | .x`, "", "expected an object but got: number (1)"},
		{`.[0], ("gone" | halt_error)`, "1\n", "gone"},
		{`"a" | test("(")`, "", "missing closing )"},
		{`.[0], (.[1] | @nosuch)`, "1\n", "format not defined: @nosuch"},
		{`getpath(["a"])`, "", "getpath"},
	} {
		out, err := asked(t, []any{1, "b"}, c.expr, false)
		if out != c.out || err == nil || !strings.HasPrefix(err.Error(), "--jq: ") || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %q, %v; want %q and %q", c.expr, out, err, c.out, c.part)
		}
	}
}

// TestJQSyntaxErrorsNameTheToken: what is wrong is found before anything is asked.
func TestJQSyntaxErrorsNameTheToken(t *testing.T) {
	for expr, part := range map[string]string{
		".items[":              "unexpected EOF",
		".items | | .x":        `unexpected token "|" at character 10`,
		"{a b}":                `unexpected token "b" at character 4`,
		`"open`:                "unterminated string literal",
		"\"é\" .a.[\x1b[31m":   `at character 9`,
		"map(.x, 1":            "unexpected EOF",
		"nosuch":               "function not defined: nosuch/0",
		"length(1)":            "function not defined: length/1",
		"$undefined":           "variable not defined: $undefined",
		"import \"x\" as x; .": "x",
		"input":                "input",
	} {
		err := data.CheckJQ(expr)
		if err == nil || !strings.HasPrefix(err.Error(), "--jq: ") || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v, want %q", expr, err, part)
		}
	}
}

// TestJQForEverEnds: an expression without an end once could not be left: nobody
// read any more, and it went on writing.
func TestJQForEverEnds(t *testing.T) {
	for _, expr := range []string{"repeat(1)", "range(infinite)", "def f: f; f", "[range(infinite)] | length", "last(repeat(1))", "until(false; . )"} {
		ctx, cancel := context.WithCancel(t.Context())
		w := &enough{at: 3, tell: cancel}
		if strings.Contains(expr, "f; f") || strings.Contains(expr, "length") || strings.Contains(expr, "last") || strings.Contains(expr, "until") {
			cancel() // it never writes
		}
		ended := make(chan error, 1)
		go func() { ended <- data.JQ(ctx, w, 1, expr, false) }()
		select {
		case err := <-ended:
			if err != nil || w.n > 3 {
				t.Errorf("%s: %v after %d results", expr, err, w.n)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s goes on", expr)
		}
		cancel()
	}
}

// enough has had enough after so many results.
type enough struct {
	n, at int
	tell  func()
}

func (e *enough) Write(b []byte) (int, error) {
	if e.n++; e.n == e.at {
		e.tell()
	}
	return len(b), nil
}

func TestJQLargeNumbers(t *testing.T) {
	v := map[string]any{"max": uint64(math.MaxUint64), "min": int64(math.MinInt64), "tiny": 1e-9, "int": int64(math.MaxInt64)}
	for expr, want := range map[string]string{
		".int":             "9223372036854775807\n",
		".min":             "-9223372036854775808\n",
		".max > .int":      "true\n",
		".tiny":            "1e-9\n",
		".int | tostring":  "9223372036854775807\n",
		"[.tiny, 1] | add": "1.000000001\n",
	} {
		if got, err := asked(t, v, expr, false); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", expr, got, err, want)
		}
	}
}

func TestTemplateFunctions(t *testing.T) {
	v := map[string]any{"l": []any{"b", 1, nil}, "m": map[string]any{"z": 1, "a": "x"}, "s": "é😀", "n": 0, "none": []any{}}
	for text, want := range map[string]string{
		`{{join ", " .l}}`:                                  "b, 1, <nil>\n",
		`{{join ", " .none}}`:                               "\n",
		`{{json .m}}`:                                       `{"a":"x","z":1}` + "\n",
		`{{json .s}}`:                                       `"é😀"` + "\n",
		`{{range keys .m}}{{.}};{{end}}`:                    "a;z;\n",
		`{{range $k, $v := .m}}{{$k}}={{$v}} {{end}}`:       "a=x z=1 \n",
		`{{range .none}}x{{else}}nothing{{end}}`:            "nothing\n",
		`{{if .n}}yes{{else}}no{{end}}`:                     "no\n",
		`{{len .l}} {{index .l 0}}`:                         "3 b\n",
		`{{printf "%-5s|%03d" .m.a .m.z}}`:                  "x    |001\n",
		`{{with .m}}{{.a}}{{end}}`:                          "x\n",
		`{{define "t"}}<{{.}}>{{end}}{{template "t" .m.a}}`: "<x>\n",
		`{{.m.a | printf "%q"}}`:                            "\"x\"\n",
		"{{/* nothing */}}":                                 "\n",
		"a\n{{- /* close */ -}}\nb\n":                       "ab\n",
	} {
		if got, err := templated(t, v, text, false); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestTemplateErrorsHaveAPlace: line, column and what was asked for.
func TestTemplateErrorsHaveAPlace(t *testing.T) {
	v := map[string]any{"items": []any{map[string]any{"a": 1}}}
	for text, parts := range map[string][]string{
		"{{.items}}\n{{.item}}":         {"--template:2:2: at <.item>", `"item"`},
		"{{range .items}}{{.b}}{{end}}": {"--template:1:18", `"b"`},
		"{{index .items 9}}":            {"--template:1:2", "out of range"},
		"{{join .items \",\"}}":         {"--template:1:7: at <.items>", "expected string"},
		"{{keys .items}}":               {"--template:1:7: at <.items>", "expected map"},
		"line\n{{if}}":                  {"--template:2", "if"},
		"{{range .items}}":              {"--template:1", "unexpected EOF"},
		"{{.items | nosuch}}":           {"--template:1", "nosuch"},
		"{{template \"\x1b[2J\"}}":      {"--template:1", `\x1b[2J`},
		"{{define \"r\"}}{{template \"r\" .}}{{end}}{{template \"r\" .}}": {"exceeded maximum template depth"},
	} {
		out, err := templated(t, v, text, false)
		if err == nil || out != "" {
			t.Errorf("%s: wrote %q, %v", text, out, err)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%s: got %q, want %q", text, err, part)
			}
		}
	}
}

// TestTemplateJSONInASCII: what json writes stays JSON, whatever the terminal can
// show. It once wrote \U0001f600, which no reader of JSON takes.
func TestTemplateJSONInASCII(t *testing.T) {
	v := map[string]any{"a": "é😀\u202e"}
	got, err := templated(t, v, "{{json .}}", true)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal([]byte(got), &back); err != nil || !reflect.DeepEqual(back, map[string]any{"a": `é😀\u202e`}) {
		t.Errorf("%q is %q, %v", got, back, err)
	}
	if why := raw(got, true); why != "" {
		t.Errorf("%q: %s", got, why)
	}
	if got, err := templated(t, v, "{{.a}}", true); err != nil || got != `\u00e9\U0001f600\u202e`+"\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestKeysAreCleanToo: what a service puts into the names of its labels reaches
// no terminal through an expression.
func TestKeysAreCleanToo(t *testing.T) {
	s := &fleet.Snapshot{At: at, Services: []fleet.ServiceView{{Ref: fleet.Ref{Name: "a"}, Labels: map[string]string{"\x1b[2J": "x", "##[error]": "y", "zone": "b"}}}}
	d := document.Services(s)
	if got, err := asked(t, d, ".items[0].labels | keys[]", false); err != nil || got != "# #[error]\n\\x1b[2J\nzone\n" {
		t.Errorf("jq: %q, %v", got, err)
	}
	if got, err := templated(t, d, "{{range .items}}{{range $k, $v := .labels}}{{$k}} {{end}}{{end}}", false); err != nil || got != "# #[error] \\x1b[2J zone \n" {
		t.Errorf("template: %q, %v", got, err)
	}
}

// TestTheDocumentIsNotChanged: a report that is written after an expression was
// evaluated still has the service's own text.
func TestTheDocumentIsNotChanged(t *testing.T) {
	d := doc("\x1b[2J")
	before := generic(t, d)
	if err := data.JQ(t.Context(), io.Discard, d, ".items |= map(.name = 1)", false); err != nil {
		t.Fatal(err)
	}
	if err := data.Template(io.Discard, d, "{{.}}", false); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(generic(t, d), before) {
		t.Error("the document changed")
	}
}

// TestYAMLNesting: empty lists and objects, lists in lists, objects without an
// order of their own.
func TestYAMLNesting(t *testing.T) {
	s := &fleet.Snapshot{At: at, Services: []fleet.ServiceView{{
		Ref: fleet.Ref{Name: "a"}, Labels: map[string]string{"b": "1", "a b": "", "": "x"}, DependsOn: []string{"c", "d e"},
	}, {Ref: fleet.Ref{Name: "b"}}}}
	var b bytes.Buffer
	if err := data.YAML(&b, document.Services(s), false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"    labels:\n      \"\": x\n      \"a b\": \"\"\n      b: \"1\"\n",
		"    dependsOn:\n      - c\n      - \"d e\"\n",
		"    labels: {}\n", "    dependsOn: []\n", "\nerrors: []\n", "  - context: ",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
	}
}
