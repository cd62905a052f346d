package health_test

import (
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// mustHold is what is true of every Verdict and of what it comes to, whatever
// the body was.
func mustHold(t *testing.T, a health.Answer) health.Verdict {
	t.Helper()
	v := health.Read(a)
	if again := health.Read(a); !reflect.DeepEqual(v, again) {
		t.Fatalf("the same answer is read in two ways:\n%+v\n%+v", v, again)
	}
	checkText(t, "text", v.Text, 80)
	checkText(t, "detail", v.Detail, 240)
	if len(v.Components) > 500 {
		t.Fatalf("%d components", len(v.Components))
	}
	for _, c := range v.Components {
		checkText(t, "component", c.Name, 120)
		checkText(t, "component", c.Text, 80)
		checkText(t, "component", c.Detail, 240)
	}
	if !slices.IsSortedFunc(v.Components, func(a, b health.Component) int { return strings.Compare(a.Name, b.Name) }) {
		t.Fatal("components are not sorted")
	}
	if (v.Page || v.Unreadable) && v.Word != health.NoWord && v.Dialect != "envoy" {
		t.Fatalf("a page speaks: %+v", v)
	}
	if v.Word != health.NoWord && v.Dialect == "" {
		t.Fatalf("a word in no dialect: %+v", v)
	}
	for _, named := range []bool{false, true} {
		for _, strict := range []bool{false, true} {
			checkDecision(t, a, v, probe.Decide(a, v, named, strict), named)
		}
	}
	checkOrder(t, a, v)
	return v
}

// checkOrder: a worse status never makes a better outcome of the same body,
// strict never one of the same answer, and a path that was named only ever
// settles what a guessed one leaves open.
func checkOrder(t *testing.T, a health.Answer, v health.Verdict) {
	t.Helper()
	lax, strict, guessed := probe.Decide(a, v, true, false), probe.Decide(a, v, true, true), probe.Decide(a, v, false, false)
	if lax != strict && (lax.Outcome != probe.Pass || strict.Outcome != probe.Warn) {
		t.Fatalf("strict makes %+v of %+v", strict, lax)
	}
	if guessed.Outcome != lax.Outcome && guessed.Outcome != probe.Unknown {
		t.Fatalf("guessed it is %+v, named %+v", guessed, lax)
	}
	if a.Status < 200 || a.Status > 299 || v.Stale {
		return
	}
	worse := a
	worse.Status = 500
	under := probe.Decide(worse, health.Read(worse), true, false)
	if under.Outcome == probe.Pass || lax.Outcome == probe.Fail && under.Outcome != probe.Fail || lax.Outcome == probe.Warn && under.Outcome == probe.Unknown {
		t.Fatalf("under %d it is %+v, under 500 %+v", a.Status, lax, under)
	}
}

func checkText(t *testing.T, what, s string, limit int) {
	t.Helper()
	if !utf8.ValidString(s) || len(s) > limit || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("%s is not fit to be shown: %q", what, s)
	}
}

func checkDecision(t *testing.T, a health.Answer, v health.Verdict, d probe.Decision, named bool) {
	t.Helper()
	checkText(t, "decision", d.Detail, 700)
	good := a.Status >= 200 && a.Status < 300
	switch {
	case (d.Outcome == probe.Pass) != (d.Reason == probe.ReasonNone):
		t.Fatalf("outcome and reason: %+v", d)
	case d.Outcome != probe.Pass && d.Detail == "":
		t.Fatalf("no detail: %+v", d)
	case d.Outcome == probe.Pass && !good, d.Bare && !good:
		t.Fatalf("%d: %+v", a.Status, d)
	case d.Outcome == probe.Pass && !named && v.Word != health.Well:
		t.Fatalf("a guessed path passes without a good word: %+v, %+v", d, v)
	case d.Outcome == probe.Pass && v.Word != health.Well && v.Word != health.NoWord:
		t.Fatalf("passes with the word %s", v.Word)
	}
}

// fuzz is the fuzzer of one dialect: its seeds are the bodies of the dialect's
// table and the recordings that speak it, and there must be some of these that
// are read as that dialect.
func fuzz(f *testing.F, table, name string) {
	f.Helper()
	reached := false
	add := func(status int, kind string, body []byte) {
		f.Add(status, kind, body)
		reached = reached || health.Read(answered(status, string(body), "Content-Type", kind)).Dialect == name
	}
	for _, c := range dialects[table] {
		add(c.status, "", []byte(c.body))
	}
	for _, folder := range []string{"pages", "actuator"} {
		for _, c := range captures(f, folder) {
			for _, a := range c.answers {
				if c.fault == "" && health.Read(a).Dialect == name {
					add(a.Status, a.Header("Content-Type"), a.Body)
				}
			}
		}
	}
	if !reached {
		f.Fatalf("no seed reaches %s", name)
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		for _, code := range []int{status, 200, 503} {
			mustHold(t, answered(code, string(body), "Content-Type", kind))
		}
	})
}

func FuzzSpring(f *testing.F)         { fuzz(f, "spring", "spring") }
func FuzzMicroProfile(f *testing.F)   { fuzz(f, "microprofile", "microprofile") }
func FuzzIETF(f *testing.F)           { fuzz(f, "ietf", "ietf") }
func FuzzASPNET(f *testing.F)         { fuzz(f, "aspnet", "aspnet") }
func FuzzTerminus(f *testing.F)       { fuzz(f, "terminus", "terminus") }
func FuzzHellofresh(f *testing.F)     { fuzz(f, "hellofresh", "hellofresh") }
func FuzzAlexliesenfeld(f *testing.F) { fuzz(f, "alexliesenfeld", "alexliesenfeld") }
func FuzzDropwizard(f *testing.F)     { fuzz(f, "dropwizard", "dropwizard") }
func FuzzChecks(f *testing.F)         { fuzz(f, "checks", "checks") }
func FuzzStatus(f *testing.F)         { fuzz(f, "status", "status") }
func FuzzErrorOnly(f *testing.F)      { fuzz(f, "status", "error") }
func FuzzLightship(f *testing.F)      { fuzz(f, "lightship", "lightship") }
func FuzzText(f *testing.F)           { fuzz(f, "text", "text") }
func FuzzOpenMetrics(f *testing.F)    { fuzz(f, "openmetrics", "openmetrics") }
func FuzzKubernetes(f *testing.F)     { fuzz(f, "kubernetes", "kubernetes") }
func FuzzPage(f *testing.F)           { fuzz(f, "page", "") }

// FuzzRead takes everything that was recorded, headers that speak included.
func FuzzRead(f *testing.F) {
	for _, folder := range []string{"pages", "actuator"} {
		for _, c := range captures(f, folder) {
			for _, a := range c.answers {
				f.Add(a.Status, a.Body, a.Header("Content-Type"), a.Header("Age"), a.Header("X-Cache"),
					a.Header("X-Envoy-Degraded"), a.Header("X-Envoy-Immediate-Health-Check-Fail"), a.Header("Retry-After"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, kind, age, cache, degraded, failed, after string) {
		a := answered(status, string(body), "Content-Type", kind, "Age", age, "X-Cache", cache, "X-Envoy-Degraded", degraded,
			"X-Envoy-Immediate-Health-Check-Fail", failed, "Retry-After", after)
		v := mustHold(t, a)
		a.Cut = true
		mustHold(t, a)
		if failed == "true" && (v.Word != health.Ill || !v.Draining) {
			t.Errorf("Envoy's header is not heard: %+v", v)
		}
	})
}

// FuzzWord: spelling never matters, and flags come only with their words.
func FuzzWord(f *testing.F) {
	for _, word := range []string{"UP", "out-of-service", "Partially Available", "not_ready", "SERVER_IS_NOT_READY", "shutting down", "Healthy.", "FROB", "", "not ", "ſlow"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, draining, starting := health.ParseWord(text)
		if draining && w != health.Ill || starting && w != health.Unknown {
			t.Errorf("%q: %s, draining %v, starting %v", text, w, draining, starting)
		}
		lower, _, _ := health.ParseWord(strings.ToLower(text))
		padded, _, _ := health.ParseWord(" " + strings.NewReplacer("-", "_", " ", "-").Replace(strings.Trim(text, " \t\r\n.!,;:'\"")) + ". ")
		if lower != w || padded != w {
			t.Errorf("%q: %s, in lower case %s, spelled otherwise %s", text, w, lower, padded)
		}
	})
}

// FuzzClean: what comes out is one printable line within its bound, and clean
// text stays as it is.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"plain", "a\nb", "\x1b[31mred\x1b[0m", "\xff\xfe", "pay\u202egnp.exe", "::error::x", strings.Repeat("é", 99), "a  b", "\u0085x\u2028y", ""} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit &= 0xff
		got := health.Clean(s, limit)
		checkText(t, "cleaned", got, max(limit, 0))
		if again := health.Clean(got, limit); again != got {
			t.Errorf("%q, cleaned once more: %q", got, again)
		}
	})
}

// FuzzCharset: a text says the same in UTF-16, whichever end comes first, with a
// byte order mark or without.
func FuzzCharset(f *testing.F) {
	for _, folder := range []string{"pages", "actuator"} {
		for _, c := range captures(f, folder) {
			for _, a := range c.answers {
				f.Add(a.Status, string(a.Body))
			}
		}
	}
	f.Add(200, `{"status":"DOWN","error":"Zürich 测试 👩"}`)
	f.Fuzz(func(t *testing.T, status int, text string) {
		// Without a mark the first character has to be one of ASCII, and a zero
		// in the text is not told from half a character.
		if !utf8.ValidString(text) || text == "" || text[0] >= utf8.RuneSelf || strings.ContainsRune(text, 0) {
			return
		}
		want := health.Read(answered(status, text))
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			for _, mark := range []bool{true, false} {
				if got := health.Read(answered(status, string(inUTF16(order, mark, text)))); !reflect.DeepEqual(got, want) {
					t.Fatalf("%d %q in UTF-16 (%v, mark %v): %s\nas it is: %s", status, text, order, mark, summary(got), summary(want))
				}
			}
		}
	})
}
