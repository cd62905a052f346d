package health_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// rewritten is a JSON document in other words: every member in order, no blank,
// every string escaped in the encoder's way. False if it is none.
func rewritten(body []byte) ([]byte, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // a measurement is shown as it was written
	var document any
	if !json.Valid(body) || d.Decode(&document) != nil {
		return nil, false
	}
	switch document.(type) {
	case map[string]any, []any:
	default:
		return nil, false
	}
	out, err := json.Marshal(document)
	return out, err == nil
}

// alike fails if a document and the same in other words are not read alike.
func alike(t *testing.T, status int, body []byte) {
	t.Helper()
	other, ok := rewritten(body)
	if !ok {
		return
	}
	read := func(b []byte) health.Verdict {
		return health.Read(health.Answer{Status: status, Header: http.Header{}.Get, Body: b})
	}
	if got, want := read(body), read(other); !reflect.DeepEqual(got, want) {
		t.Errorf("%d %q\nis read as %+v\n%q\nas %+v", status, body, got, other, want)
	}
}

// TestWrittenOtherwise: order, blanks, escapes and members that come twice are
// the writer's affair.
func TestWrittenOtherwise(t *testing.T) {
	for _, body := range []string{
		` { "status" : "UP" } `, "{\t\"status\"\n:\r\n\"DOWN\"\t}", `{"status":"DOWN","status":"UP"}`, `{"status":"UP","status":"DOWN"}`,
		`{"\u0073tatus":"\u0055P"}`, `{"status":"UP","components":{"b":{"status":"DOWN"},"a":{"status":"UP"}}}`,
		`{"components":{"db":{"status":"UP"},"db":{"status":"DOWN"}},"status":"UP"}`,
		`{"status":"DOWN","error":"a \"quoted\" \\ text \u00e9 \ud83d\ude00 \ud83d"}`, `{"a":"OK","b":"not ok, \u2028 sorry"}`,
		`[ {"name":"a","ok":true} , {"ok":false,"name":"b"} ]`, `[]`, `{}`, `[[],{},"",null,1e9]`, `{"":""}`, `{"status":""}`,
		`{"status":"pass","checks":{"cpu:utilization":[{"observedValue":1.50e2,"observedUnit":"%","status":"warn"}]}}`,
		`{"status":{"code":"UP"},"details":{"x":[1,2,{"y":"}]"}]}}`, `{"health":"true","reason":""}`, `{"healthy":false,"x":[[[[[]]]]]}`,
		`{"status":"UP","a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":{"j":1}}}}}}}}}}`,
	} {
		for _, status := range []int{200, 503} {
			alike(t, status, []byte(body))
		}
	}
}

// TestRecordingsWrittenOtherwise does the same to every recorded page.
func TestRecordingsWrittenOtherwise(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*", "*.http"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	seen := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(raw[max(bytes.Index(raw, []byte("HTTP/1.")), 0):], []byte("\n\n"))
		if _, ok := rewritten(body); ok {
			seen++
			alike(t, 200, body)
			alike(t, 503, body)
		}
	}
	if seen < 30 {
		t.Errorf("%d of %d recordings hold JSON", seen, len(files))
	}
}

// TestTextsOfABigBody: what is kept of a body does not keep the body.
func TestTextsOfABigBody(t *testing.T) {
	const each, size = 40, 1 << 20
	padding := strings.Repeat("x", size)
	var kept []health.Verdict
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range each {
		for _, body := range []string{
			`{"status":"DOWN","error":"no space","components":{"db":{"status":"DOWN"}},"pad":"` + padding + `"}`,
			"DOWN\nno space\n" + padding,
		} {
			kept = append(kept, health.Read(health.Answer{Status: 503, Header: http.Header{}.Get, Body: []byte(body)}))
		}
	}
	if grown := int64(heap()) - int64(before); grown > each*size/2 {
		t.Errorf("%d verdicts keep %d KiB", len(kept), grown>>10)
	}
	for _, v := range kept {
		if v.Text != "DOWN" {
			t.Fatalf("got %+v", v)
		}
	}
}

// TestReadAllocates: a sweep reads ten thousand of these.
func TestReadAllocates(t *testing.T) {
	a := health.Answer{Status: 200, Header: func(string) string { return "" }, Body: []byte(`{"status":"UP"}`)}
	if n := testing.AllocsPerRun(100, func() {
		if health.Read(a).Word != health.Well {
			t.Fatal("not well")
		}
	}); n > 4 {
		t.Errorf("%v allocations for the smallest page", n)
	}
}

func FuzzWrittenOtherwise(f *testing.F) {
	f.Add([]byte(`{"status":"UP","components":{"b":{"status":"DOWN"},"a":[1,{"x":"\u0041\\"}]}}`))
	f.Add([]byte(`[{"name":"a","ok":true},{"ok":false}]`))
	f.Add([]byte(` { "a" : "OK" , "a" : "Warning: x" } `))
	f.Add([]byte(`{"status":"\ud83d","checks":{"a":[{"observedValue":-1.0E+2,"status":"fail"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		alike(t, 200, body)
		alike(t, 500, body)
	})
}
