package veil_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/midwatch-cli/midwatch/probe/veil"
)

func TestVeil(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("midwatch:hunter2"))
	header := http.Header{
		"Authorization": {"Basic " + basic}, "Cookie": {"JSESSIONID=0123456789AB; XSRF-TOKEN=fedcba98"},
		"X-Api-Key": {`a"b<c/d&e`}, "X-Team": {"the-shop"}, "X-Short": {"closed"[:5]},
	}
	v := veil.New(header, []string{"authorization", "Cookie", "X-Api-Key", "X-Short", "X-None"})
	inJSON, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"with Basic " + basic + "!":      "with ******" + strings.Repeat("*", len(basic)) + "!",
		"as " + basic:                    "as " + strings.Repeat("*", len(basic)),
		"midwatch:hunter2 or hunter2":    "**************** or *******",
		"JSESSIONID=0123456789AB;":       "JSESSIONID=************;",
		"fedcba98":                       "********",
		`{"key":"a\"b\u003cc/d\u0026e"}`: `{"key":"` + strings.Repeat("*", 20) + `"}`,
		`{"key":"a\"b<c\/d&e"}`:          `{"key":"` + strings.Repeat("*", 11) + `"}`,
		"?key=a%22b%3Cc%2Fd%26e":         "?key=" + strings.Repeat("*", 17),
		"a&#34;b&lt;c/d&amp;e":           strings.Repeat("*", 20),
		"the-shop is close, hunter":      "the-shop is close, hunter",
		"":                               "",
	} {
		if got := v.Text(text); got != want {
			t.Errorf("%s\nis   %s\nwant %s", text, got, want)
		}
		for name, in := range map[string]io.Reader{"at once": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)), "with its end": iotest.DataErrReader(strings.NewReader(text))} {
			got, err := io.ReadAll(iotest.OneByteReader(v.Body(io.NopCloser(in))))
			if err != nil || string(got) != want {
				t.Errorf("%s, %s: %s, %v", text, name, got, err)
			}
		}
	}
	hidden := []byte(string(inJSON))
	if v.Hide(hidden); !json.Valid(hidden) || strings.Contains(string(hidden), "0123") || strings.Contains(string(hidden), basic) {
		t.Errorf("%s", hidden)
	}
	broken := v.Body(io.NopCloser(io.MultiReader(strings.NewReader("so far hunter2"), iotest.ErrReader(io.ErrUnexpectedEOF))))
	if got, err := io.ReadAll(broken); string(got) != "so far *******" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%s, %v", got, err)
	}
	var none *veil.Veil
	if veil.New(header, []string{"X-Short"}) != nil || none.Text("hunter2") != "hunter2" || none.Body(http.NoBody) != http.NoBody {
		t.Error("nothing to hide, and something is")
	}
}

// FuzzVeil: however an answer comes, nothing of a secret is left, and nothing
// else is touched.
func FuzzVeil(f *testing.F) {
	f.Add("before hunter2hunter2 after", 3)
	f.Add("hunterhunter2", 1)
	v := veil.New(http.Header{"Authorization": {"Bearer hunter2"}}, []string{"Authorization"})
	f.Fuzz(func(t *testing.T, text string, pad int) {
		text = strings.Repeat("x", pad&0x1fff) + text
		got, err := io.ReadAll(v.Body(io.NopCloser(strings.NewReader(text))))
		if err != nil || len(got) != len(text) || strings.Contains(string(got), "hunter2") {
			t.Fatalf("%q, %v", got, err)
		}
		if !strings.Contains(text, "hunter2") && string(got) != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
