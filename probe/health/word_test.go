package health_test

import (
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// TestWords is the table of the wire reference, section B2, row by row, each
// word in the spellings that are in use.
func TestWords(t *testing.T) {
	for _, row := range []struct {
		words              string
		want               health.Word
		draining, starting bool
	}{
		{"up ok pass passing healthy alive live ready serving running success true working available green server_is_ready server_is_not_shutting_down normal", health.Well, false, false},
		{"warn warning degraded partial partially_available impaired slow yellow unstable", health.Warn, false, false},
		{"down fail failed failing error critical unhealthy unavailable not_serving fatal dead false red server_is_not_ready timeout", health.Ill, false, false},
		{"out_of_service maintenance draining shutting_down server_is_shutting_down", health.Ill, true, false},
		{"starting initializing pre_initializing pending startup spinning_up", health.Unknown, false, true},
		{"unknown service_unknown none undetermined", health.Unknown, false, false},
		{"not_ready not_healthy not_ok not_available", health.Ill, false, false},
		{"frobnicated not_found not_down not_ not 200 upp noop healthyish", health.NoWord, false, false},
	} {
		for word := range strings.FieldsSeq(row.words) {
			for _, spelled := range []string{
				word, strings.ToUpper(word), strings.ReplaceAll(word, "_", "-"), strings.ReplaceAll(word, "_", " "),
				" " + strings.ToUpper(word[:1]) + word[1:] + ".\n",
			} {
				got, draining, starting := health.ParseWord(spelled)
				if got != row.want || draining != row.draining || starting != row.starting {
					t.Errorf("%q: %s, draining %v, starting %v; want %+v", spelled, got, draining, starting, row)
				}
			}
		}
	}
	if got, _, _ := health.ParseWord(strings.Repeat("not ", 1000) + "ready"); got != health.NoWord {
		t.Errorf("a page of nots: %s", got)
	}
}

func TestWordNames(t *testing.T) {
	for word, want := range map[health.Word]string{
		health.NoWord: "none", health.Well: "well", health.Warn: "warn", health.Ill: "ill", health.Unknown: "unknown", 99: "none",
	} {
		if word.String() != want || word.Unwell() != (word == health.Warn || word == health.Ill) {
			t.Errorf("%d: %s, unwell %v", word, word, word.Unwell())
		}
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"connection refused", 80, "connection refused"},
		{"", 80, ""},
		{"  a \t\r\n b  ", 80, "a b"},
		{"\n", 80, ""},
		{"a\x00b\x07c\x7fd", 80, "a b c d"},
		{"\x1b[31mred\x1b]0;title\x07", 80, "[31mred ]0;title"},
		{"c1 \u009b31m", 80, "c1 31m"},
		{"caf\xe9", 80, "caf\ufffd"},
		{"pay\u202egnp.exe\u200b", 80, "pay\ufffdgnp.exe\ufffd"},
		{"naïve 测试", 80, "naïve 测试"},
		{"0123456789", 10, "0123456789"},
		{"0123456789a", 10, "0123456..."},
		{"éééééé", 10, "ééé..."},
		{"012345 789a", 10, "012345..."},
		{"abcd", 3, "..."},
		{"abcd", 2, ""},
		{"abcd", -1, ""},
		{"ab\u2028cd", 80, "ab cd"},
	} {
		if got := health.Clean(c.in, c.limit); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

// TestComplaint: few words for people, the worst component first.
func TestComplaint(t *testing.T) {
	part := func(name string, w health.Word, text, detail string) health.Component {
		return health.Component{Name: name, Word: w, Text: text, Detail: detail}
	}
	for _, c := range []struct {
		v    health.Verdict
		want string
	}{
		{health.Verdict{Word: health.Ill, Text: "DOWN"}, "says DOWN"},
		{health.Verdict{Word: health.Ill, Text: "DOWN", Detail: "no space"}, "DOWN: no space"},
		{health.Verdict{Word: health.Ill, Text: "boom", Detail: "BOOM"}, "says boom"},
		{health.Verdict{Text: "DOWN", Components: []health.Component{part("a", health.Well, "UP", "")}}, "says DOWN"},
		{health.Verdict{Text: "DOWN", Components: []health.Component{part("a", health.Unknown, "X", "")}}, "says DOWN"},
		{health.Verdict{Components: []health.Component{part("db", health.Ill, "DOWN", "timeout")}}, "db down: timeout"},
		{health.Verdict{Components: []health.Component{part("db", health.Ill, "false", "")}}, "db failed"},
		{health.Verdict{Components: []health.Component{part("a", health.Warn, "WARN", "slow"), part("b", health.Ill, "DOWN", ""), part("c", health.Ill, "DOWN", "x")}}, "b down (and 2 more)"},
		{health.Verdict{Components: []health.Component{part("a", health.Warn, "WARN", "slow"), part("b", health.Warn, "WARN", "")}}, "a warn: slow (and 1 more)"},
	} {
		if got := c.v.Complaint(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.v, got, c.want)
		}
	}
}
