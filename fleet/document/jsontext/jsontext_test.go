package jsontext_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/document/jsontext"
)

func encoded(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// FuzzText: whatever the text, encoding/json writes the same.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "plain", `"\`, "<b>&", "\x00\x1f\x7f", "\u2028", "\xff", "ümlaut", "\n\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(jsontext.Text([]byte("before"), s)), "before"+encoded(t, s); got != want {
			t.Errorf("wrote %s, want %s", got, want)
		}
	})
}

func TestLists(t *testing.T) {
	number := func(n *int, b []byte) []byte { return strconv.AppendInt(b, int64(*n), 10) }
	for want, list := range map[string][]int{"[]": nil, "[1]": {1}, "[1,2,3]": {1, 2, 3}} {
		if got := string(jsontext.List(nil, list, number)); got != want {
			t.Errorf("wrote %s, want %s", got, want)
		}
	}
	if got := string(jsontext.Pairs(nil, map[string]string{"b": "<", "a": "\n"})); got != `{"a":"\n","b":"<"}` {
		t.Errorf("wrote %s", got)
	}
	if got := string(jsontext.Any([]byte("x"), []any{1, "<", nil})); got != `x[1,"<",null]` {
		t.Errorf("wrote %s", got)
	}
}
