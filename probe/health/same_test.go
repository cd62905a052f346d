package health_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// recordedAnswers are the last answers of all recordings that ended well, by
// folder and name.
func recordedAnswers(t *testing.T) map[string]health.Answer {
	t.Helper()
	all := map[string]health.Answer{}
	for _, folder := range []string{"pages", "actuator"} {
		for name, c := range captures(t, folder) {
			if c.fault == "" {
				all[folder+"/"+name] = c.answers[len(c.answers)-1]
			}
		}
	}
	if len(all) < 100 {
		t.Fatalf("found %d recordings only", len(all))
	}
	return all
}

// TestSameInOtherClothes dresses every recorded answer otherwise, in ways that
// change nothing of what it says: it has to be read the same.
func TestSameInOtherClothes(t *testing.T) {
	clothes := map[string]func(body []byte) []byte{
		"a byte order mark":  func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) },
		"blanks round it":    func(b []byte) []byte { return append(append([]byte(" \r\n\t"), b...), "\n\r\n "...) },
		"in UTF-16":          func(b []byte) []byte { return inUTF16(binary.LittleEndian, true, string(b)) },
		"in UTF-16, swapped": func(b []byte) []byte { return inUTF16(binary.BigEndian, true, string(b)) },
		"lines of Windows":   func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) },
		"indented": func(b []byte) []byte {
			var out bytes.Buffer
			if json.Indent(&out, b, "\t", "    ") != nil {
				return b
			}
			return out.Bytes()
		},
		"in another order": func(b []byte) []byte { // a map is written in order of its keys
			var object map[string]any
			if json.Unmarshal(b, &object) != nil {
				return b
			}
			out, err := json.Marshal(object)
			if err != nil {
				return b
			}
			return out
		},
	}
	for name, a := range recordedAnswers(t) {
		if len(bytes.TrimSpace(a.Body)) == 0 {
			continue
		}
		want := health.Read(a)
		for what, dress := range clothes {
			other := a
			other.Body = dress(bytes.Clone(a.Body))
			if got := health.Read(other); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %s\nwas: %s", name, what, summary(got), summary(want))
			}
		}
	}
}

// TestTurnedBad makes the word for the whole of every recorded good answer a bad
// one, and every status of a good answer a server's error: none passes any more.
func TestTurnedBad(t *testing.T) {
	turned := 0
	whole := regexp.MustCompile(`^(\s*\{[^{}\[\]]*?"(?:status|health|state)"\s*:\s*)"[^"]*"`)
	for name, a := range recordedAnswers(t) {
		v := health.Read(a)
		if probe.Decide(a, v, true, false).Outcome != probe.Pass {
			continue
		}
		failed := a
		failed.Status = 503
		if d := probe.Decide(failed, health.Read(failed), true, false); d.Outcome != probe.Fail && !v.Starting {
			t.Errorf("%s under 503: %+v", name, d)
		}
		if !whole.Match(a.Body) {
			continue
		}
		turned++
		for word, want := range map[string]probe.Outcome{"DOWN": probe.Fail, "critical": probe.Fail, "Degraded": probe.Warn, "starting": probe.Unknown, "frobnicating": probe.Unknown} {
			bad := a
			bad.Body = whole.ReplaceAll(a.Body, []byte(`${1}"`+word+`"`))
			if d := probe.Decide(bad, health.Read(bad), true, false); d.Outcome != want {
				t.Errorf("%s, which says %s: %+v", name, word, d)
			}
		}
	}
	if turned < 20 {
		t.Errorf("only %d answers had a word to turn", turned)
	}
}

// TestReadIsPure reads every recording by many callers at once: the same comes
// of it, and the body is left as it was.
func TestReadIsPure(t *testing.T) {
	all := recordedAnswers(t)
	all["made up/control characters"] = answered(200, "{\"status\":\"DOWN\",\"error\":\"a\nb\tc\"}") // mended before it is read
	var running sync.WaitGroup
	for name, a := range all {
		before, want := bytes.Clone(a.Body), health.Read(a)
		for range 4 {
			running.Go(func() {
				if got := health.Read(a); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %s, was %s", name, summary(got), summary(want))
				}
			})
		}
		running.Wait()
		if !bytes.Equal(a.Body, before) {
			t.Errorf("%s: the body was changed to %q", name, a.Body)
		}
	}
}

// TestFurtherMembers: what an answer says of things that are not health does not
// change what it says of health, for the dialects that have a word for the whole.
func TestFurtherMembers(t *testing.T) {
	const more = `"version":"1.2.3","uptime":7,"ok2":null,"list":[1,2],"nested":{"a":{"b":[{}]}},`
	for _, c := range []struct{ body, dialect string }{
		{`{"status":"DOWN","components":{"db":{"status":"DOWN"}}}`, "spring"},
		{`{"status":"DOWN","groups":["a"]}`, "spring"},
		{`{"status":"DOWN","checks":[{"name":"db","status":"DOWN"}]}`, "microprofile"},
		{`{"status":"fail","checks":{"db":[{"status":"fail"}]}}`, "ietf"},
		{`{"status":"Unhealthy","entries":{"db":{"status":"Unhealthy"}}}`, "aspnet"},
		{`{"status":"error","info":{},"error":{"db":{"status":"down"}},"details":{"db":{"status":"down"}}}`, "terminus"},
		{`{"status":"Unavailable","failures":{"db":"gone"}}`, "hellofresh"},
		{`{"status":"down","details":{"db":{"status":"down"}}}`, "alexliesenfeld"},
		{`{"status":"DOWN"}`, "status"},
		{`{"healthy":false}`, "status"},
	} {
		plain := health.Read(answered(200, c.body))
		fuller := health.Read(answered(200, strings.Replace(c.body, "{", "{"+more, 1)))
		if plain.Dialect != c.dialect || fuller.Dialect != c.dialect || plain.Word != health.Ill || fuller.Word != health.Ill || !reflect.DeepEqual(plain.Components, fuller.Components) {
			t.Errorf("%s: %s\nwith more: %s", c.body, summary(plain), summary(fuller))
		}
	}
}
