package health_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// wordRow is a row of the word table of the wire reference, section B2, and what
// a whole answer with such a word comes to.
type wordRow struct {
	name, words        string
	word               health.Word
	draining, starting bool
	under2xx, under5xx string // outcome and reason on a named path
}

// wordRows is the table, word by word. The rows of 5xx are those of "From an
// answer to an outcome": a warn word warns, a starting or unknown word is
// unknown, else it fails, also when the word says well.
func wordRows() []wordRow {
	return []wordRow{
		{
			"well", "up ok pass passing healthy alive live ready serving running success true working available green normal",
			health.Well, false, false, "pass ", "fail status",
		},
		{"warn", "warn warning degraded partial partially_available impaired slow yellow unstable", health.Warn, false, false, "warn reported", "warn reported"},
		{"ill", "down fail failed failing error critical unhealthy unavailable not_serving fatal dead false red timeout", health.Ill, false, false, "fail reported", "fail reported"},
		{"leaving", "out_of_service maintenance draining shutting_down", health.Ill, true, false, "fail draining", "fail draining"},
		{"starting", "starting initializing pre_initializing pending startup spinning_up", health.Unknown, false, true, "unknown starting", "unknown starting"},
		{"unknown", "unknown service_unknown none undetermined", health.Unknown, false, false, "unknown reported", "unknown reported"},
		{"of no row", "frobnicating purple maybe", health.Unknown, false, false, "unknown reported", "fail status"},
	}
}

// spellings are the ways a word is written in the world.
func spellings(word string) []string {
	return []string{
		word, strings.ToUpper(word), strings.ReplaceAll(word, "_", "-"), strings.ReplaceAll(word, "_", " "),
		strings.ToUpper(strings.ReplaceAll(word, "_", "-")), strings.ToUpper(word[:1]) + word[1:], " " + word + " ", word + ".", word + "!",
	}
}

// TestWordsInBodies takes every word of the table, in every spelling, through
// every place where a body keeps the word for the whole.
func TestWordsInBodies(t *testing.T) {
	forms := []string{
		`{"status":%q}`, `{"Status":%q,"uptime":3}`, `{"state":%q}`, `{"status":{"code":%q}}`, `{"health":%q,"version":"1"}`,
		`{"status":%q,"components":{}}`, `{"status":%q,"checks":[]}`, `{"status":%q,"entries":{}}`, `{"status":%q,"groups":["a"]}`,
		`{"status":%q,"info":{},"error":{},"details":{}}`, `{"status":%q,"failures":{}}`, `{"status":%q,"checks":{"a":[{"componentType":"x"}]}}`,
	}
	for _, row := range wordRows() {
		for word := range strings.FieldsSeq(row.words) {
			for _, spelled := range spellings(word) {
				for _, form := range forms {
					row.check(t, fmt.Sprintf(form, spelled))
				}
				if row.name != "of no row" { // there such a text speaks of nothing
					row.check(t, spelled)
					row.check(t, spelled+"\r\n")
					row.check(t, fmt.Sprintf("%q", spelled))
				}
			}
		}
	}
}

// check reads a body under a good status and a bad one.
func (row wordRow) check(t *testing.T, body string) {
	t.Helper()
	for status, want := range map[int]string{200: row.under2xx, 503: row.under5xx} {
		a := answered(status, body)
		v := mustHold(t, a)
		word := row.word
		if status == 503 && row.name == "of no row" {
			word = health.NoWord // it echoes the status line, for all we know
		}
		d := probe.Decide(a, v, true, false)
		if got := d.Outcome.String() + " " + string(d.Reason); v.Word != word || v.Draining != row.draining || v.Starting != row.starting || got != want {
			t.Errorf("%d %s (a word of the row %q): %s, %s; want %s", status, body, row.name, summary(v), got, want)
		}
	}
}

// TestWordsOfComponents takes the same table through components: a bad one is
// shown under a good word, and is a warning where strict asks for it. None puts
// the instance into maintenance.
func TestWordsOfComponents(t *testing.T) {
	for _, row := range wordRows() {
		for word := range strings.FieldsSeq(row.words) {
			for _, form := range []string{
				`{"status":"UP","components":{"db":{"status":%q}}}`, `{"status":"ok","info":{"db":{"status":%[1]q}},"details":{"db":{"status":%[1]q}}}`,
				`{"status":"Healthy","entries":{"db":{"status":%q}}}`, `{"status":"pass","checks":{"db":[{"status":%q}]}}`, `{"status":"UP","checks":[{"name":"db","status":%q}]}`,
			} {
				body := fmt.Sprintf(form, word)
				a := answered(200, body)
				v := mustHold(t, a)
				if len(v.Components) != 1 || v.Components[0].Name != "db" || v.Components[0].Word != row.word || v.Components[0].Text != word || v.Draining || v.Starting {
					t.Errorf("%s: %s", body, summary(v))
				}
				want := probe.Pass
				if row.word.Unwell() {
					want = probe.Warn
				}
				if lax, strict := probe.Decide(a, v, false, false), probe.Decide(a, v, false, true); lax.Outcome != probe.Pass || strict.Outcome != want || v.Lie != row.word.Unwell() {
					t.Errorf("%s: %+v, strict %+v, lie %v", body, lax, strict, v.Lie)
				}
			}
		}
	}
}

// TestTableIsWhole: the rows above and the parser have the same words, so that
// neither can lose one in silence.
func TestTableIsWhole(t *testing.T) {
	seen := map[string]string{}
	for _, row := range wordRows() {
		for word := range strings.FieldsSeq(row.words) {
			if other, twice := seen[word]; twice {
				t.Errorf("%s stands in the rows %s and %s", word, other, row.name)
			}
			seen[word] = row.name
			w, draining, starting := health.ParseWord(word)
			if row.name == "of no row" {
				w = health.Unknown
			}
			if w != row.word || draining != row.draining || starting != row.starting {
				t.Errorf("%s: %s, draining %v, starting %v; want the row %s", word, w, draining, starting, row.name)
			}
			// What is not well is ill; nothing else can be turned round.
			turned, _, _ := health.ParseWord("not " + word)
			if want := map[bool]health.Word{true: health.Ill}[row.word == health.Well]; turned != want {
				t.Errorf("not %s: %s", word, turned)
			}
		}
	}
}

// TestWidths: a word in other letters that look alike is another word, and how
// wide or long a text is on a screen changes nothing about its bound in bytes.
func TestWidths(t *testing.T) {
	for _, word := range []string{"ＵＰ", "uр" /* Cyrillic er */, "u\u0301p", "up\u200b", "\u202eup", "оk", "healthу", "u p"} {
		if w, _, _ := health.ParseWord(word); w != health.NoWord {
			t.Errorf("%q: %s", word, w)
		}
	}
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"测试测试", 12, "测试测试"},
		{"测试测试x", 12, "测试测..."},
		{"👩‍👩‍👧 here", 30, "👩\ufffd👩\ufffd👧 here"}, // joiners are invisible
		{"e\u0301\u0301\u0301", 5, "e..."},
		{"\u2066left\u2069 \u061cright", 80, "\ufffdleft\ufffd \ufffdright"},
		{"\U000e0041tag", 80, "\ufffdtag"},
		{"soft\u00adhyphen\u2060\ufeff", 80, "soft\ufffdhyphen\ufffd\ufffd"},
		{"\u00a0a\u3000b\u2003", 80, "a b"},
		{"\x9b31m\x84", 80, "\ufffd31m\ufffd"},     // C1 as single bytes are no UTF-8
		{"\u009d0;x\u009c", 80, "0;x"},             // C1 as characters are controls
		{"\xed\xa0\x80", 80, "\ufffd\ufffd\ufffd"}, // half a surrogate pair
		{"\xf4\x90\x80\x80", 80, "\ufffd\ufffd\ufffd\ufffd"},
		{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", 80, "]8;;http://x \\link ]8;; \\"},
		{"::error file=x::y\r\n##vso[x]", 80, "::error file=x::y ##vso[x]"},
		{"a\u2029b\vc\fd", 80, "a b c d"},
	} {
		if got := health.Clean(c.in, c.limit); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}
