package match_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/fleet/match"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, text string
		want       bool
	}{
		{"order", "order", true},
		{"order", "orders", false},
		{"order", "Order", false},
		{"ord*", "order", true},
		{"ord*", "ord", true},
		{"*", "order", true},
		{"*", "shop/order", false}, // a star stays within a name
		{"*/order", "shop/order", true},
		{"o?der", "order", true},
		{"order-[12]", "order-2", true},
		{"order-[12]", "order-3", false},
		{"order-[12]", "order-[12]", true}, // every name selects itself
		{"[::1]:8080", "[::1]:8080", true},
	} {
		g, err := match.ParseGlob(tt.glob)
		if err != nil {
			t.Errorf("%q: %v", tt.glob, err)
			continue
		}
		if got := g.Match(tt.text); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.glob, tt.text, got, tt.want)
		}
	}
}

func TestParseGlobRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":      "empty",
		"ord[":  "a glob with a bracket or backslash left open",
		"ord[a": "a glob with a bracket or backslash left open",
		`ord\`:  "a glob with a bracket or backslash left open",
	} {
		if _, err := match.ParseGlob(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestPattern(t *testing.T) {
	etcd := match.Name{Source: "etcd", Name: "payment"}
	shop := match.Name{Context: "prod", Source: "consul", Namespace: "shop", Name: "payment"}
	slash := match.Name{Source: "etcd", Name: "shop/payment"}
	for _, tt := range []struct {
		pattern  string
		name     match.Name
		instance string
		want     bool
	}{
		{"payment", etcd, "", true},
		{"payment", shop, "", true}, // a bare name selects both
		{"pay*", shop, "", true},
		{"consul:payment", shop, "", true},
		{"consul:payment", etcd, "", false},
		{"con*:payment", shop, "", true},
		{"etcd:*", etcd, "", true},
		{"shop/payment", shop, "", true},
		{"shop/*", shop, "", true},
		{"shop*", shop, "", false}, // no namespace is meant by a bare glob
		{"consul:shop/payment", shop, "", true},
		{"etcd:shop/payment", shop, "", false},
		{"shop/payment", slash, "", true},
		{"web/payment", shop, "", false},
		{"payment/payment-2", etcd, "payment-2", true},
		{"payment/payment-2", etcd, "payment-3", false},
		{"payment/payment-2", etcd, "", false},
		{"payment", etcd, "payment-2", true}, // with its whole service
		{"payment/*", etcd, "payment-2", true},
		{"payment/127.0.0.1:9102", etcd, "127.0.0.1:9102", true},
		{"etcd:payment/127.0.0.1:9102", etcd, "127.0.0.1:9102", true},
		{"consul:payment/127.0.0.1:9102", etcd, "127.0.0.1:9102", false},
		{"payment/[::1]:9102", etcd, "[::1]:9102", true},
		{"shop/payment/n1/payment-2", shop, "n1/payment-2", true},
		{"payment/n1/payment-2", shop, "n1/payment-2", true},
		{"!canary", etcd, "", false},
		{"!payment", etcd, "", true}, // Not is for the caller
	} {
		p, err := match.ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		if got := p.Match(tt.name, tt.instance); got != tt.want {
			t.Errorf("%q matches %v instance %q: %v, want %v", tt.pattern, tt.name, tt.instance, got, tt.want)
		}
		if p.Not != strings.HasPrefix(tt.pattern, "!") || p.Text != tt.pattern {
			t.Errorf("%q: Not %v, Text %q", tt.pattern, p.Not, p.Text)
		}
	}
}

func TestParsePatternRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":        `service "": the name is empty`,
		"!":       `service "!": the name is empty`,
		"etcd:":   `service "etcd:": the name is empty`,
		":order":  `service ":order": the source before the colon is empty`,
		"order[":  `service "order[": the name is a glob with a bracket or backslash left open`,
		`a\:name`: `service "a\\:name": the source before the colon is a glob with a bracket or backslash left open`,
	} {
		if _, err := match.ParsePattern(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestIndexFind(t *testing.T) {
	names := []match.Name{
		{Context: "prod", Source: "consul", Namespace: "shop", Name: "payment"},
		{Context: "prod", Source: "consul", Namespace: "web", Name: "payment"},
		{Context: "prod", Source: "etcd", Namespace: "", Name: "payment"},
		{Context: "prod", Source: "etcd", Namespace: "shop", Name: "stock"},
		{Context: "prod", Source: "consul", Namespace: "web", Name: "mail"},
		{Context: "prod", Source: "etcd", Namespace: "web", Name: "mail"},
		{Context: "prod", Source: "file", Namespace: "far", Name: "ledger"},
		{Context: "test", Source: "etcd", Namespace: "", Name: "only-in-test"},
	}
	index := match.Index{}
	for _, n := range names {
		index.Add(n)
	}
	from := match.Name{Context: "prod", Source: "consul", Namespace: "shop", Name: "order"}
	for _, tt := range []struct {
		name, want, err string
	}{
		{"payment", "consul:shop/payment", ""}, // same source and namespace first
		{"stock", "etcd:shop/stock", ""},       // then same namespace
		{"ledger", "file:far/ledger", ""},      // then anywhere
		{"web/payment", "consul:web/payment", ""},
		{"web/mail", "consul:web/mail", ""}, // the named namespace, the own source first
		{"etcd:payment", "etcd:payment", ""},
		{"etcd:web/mail", "etcd:web/mail", ""},
		{"mail", "", "mail could be consul:web/mail or etcd:web/mail: say which"},
		{"nobody", "", "nobody is not known to any source"},
		{"", "", " is not known to any source"},
		{"only-in-test", "", "only-in-test is not known to any source"}, // contexts do not see each other
		{"pay*", "", "pay* is not known to any source"},                 // never a guess
	} {
		got, err := index.Find(from, tt.name)
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q: %v, want %s", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil || got.String() != tt.want {
			t.Errorf("%q: %v, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestLabels(t *testing.T) {
	labels := map[string]string{"zone": "b", "tier": "", "app.kubernetes.io/name": "order", "note": "a b"}
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"", true},
		{"  ", true},
		{"zone", true},
		{"nothing", false},
		{"!nothing", true},
		{"!zone", false},
		{"zone=b", true},
		{"zone==b", true},
		{"zone = b", true},
		{"zone=a", false},
		{"zone!=a", true},
		{"zone!=b", false},
		{"nothing!=b", true}, // as kubectl has it
		{"tier=", true},
		{"tier!=", false},
		{"zone in (a,b)", true},
		{"zone in(a, b )", true},
		{"zone in (a)", false},
		{"zone notin (a)", true},
		{"zone notin (a,b)", false},
		{"nothing notin (a)", true},
		{"tier in ()", true},
		{"zone=b,tier", true},
		{"zone=b , !tier", false},
		{"app.kubernetes.io/name=order", true},
		{"note=a b", true},
		{"note in (a b)", true},
		{"zone in (a,b),tier,!nothing,note!=x", true},
	} {
		l, err := match.ParseLabels(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		got := l.Match(func(k string) (string, bool) { v, ok := labels[k]; return v, ok })
		if got != tt.want {
			t.Errorf("%q: %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestParseLabelsSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		",":           `character 1: want the name of a label, found ','`,
		"=b":          `character 1: want the name of a label, found '='`,
		"!":           `character 2: want the name of a label, found the end`,
		"zone=b,":     `character 8: want a label after the comma, found the end`,
		"zone in":     `character 8: want "(", found the end`,
		"zone in a":   `character 9: want "(", found 'a'`,
		"zone in (a":  `character 11: want "," or ")", found the end`,
		"zone in (a(": `character 11: want "," or ")", found '('`,
		"zone b":      `character 6: want a comma, found 'b'`,
		"!zone=b":     `character 6: want a comma, found '='`,
		"zöne b":      `character 6: want a comma, found 'b'`,
	} {
		_, err := match.ParseLabels(text)
		if full := `label selector "` + text + `", ` + want; err == nil || err.Error() != full {
			t.Errorf("%q:\n got %v\nwant %s", text, err, full)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"payment", "order", "orders", "gateway", "ORDERS-EU", "user", "uber"}
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"paymnet", []string{"payment"}},
		{"Payment", []string{"payment"}},
		{"oder", []string{"order"}},
		{"orders", []string{"orders", "ORDERS-EU", "order"}},
		{"gate", []string{"gateway"}},
		{"usr", []string{"user"}},
		{"xyzzy", nil},
		{"", nil},
	} {
		if got := match.Nearest(tt.name, names); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := match.Nearest("a1", []string{"a2", "a3", "a4", "a5", "a2"}); len(got) != 3 {
		t.Errorf("%v: want three at most, each once", got)
	}
}

func FuzzParseLabels(f *testing.F) {
	for _, s := range []string{"", "a=b", "a!=b,c", "a in (b,c)", "a notin (b)", "!a", "a in (", "a==", ",", "a in(b)c", "\xff=\xff", "é in (ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := match.ParseLabels(text)
		if err != nil {
			if !utf8.ValidString(err.Error()) || !strings.Contains(err.Error(), "character ") {
				t.Errorf("%q: %q", text, err)
			}
			return
		}
		if strings.TrimSpace(text) == "" && len(l) != 0 {
			t.Errorf("%q asks for %v", text, l)
		}
		// A selector and its answer do not depend on who asks twice.
		get := func(k string) (string, bool) { return k, len(k)%2 == 0 }
		if once, again := l.Match(get), l.Match(get); once != again {
			t.Errorf("%q: two answers", text)
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"", "order", "!ord*", "etcd:payment", "a/b", "a:b/c", "[", "a/[::1]:80", ":", "*:*", `\`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := match.ParsePattern(text)
		if err != nil {
			return
		}
		_ = p.Match(match.Name{Source: name, Namespace: name, Name: name}, name)
		// A name without the signs of the language selects itself, and a service
		// that is selected is so with each of its instances.
		if name != "" && !strings.ContainsAny(name, "!:[\\") {
			own, err := match.ParsePattern(name)
			if err != nil || !own.Match(match.Name{Name: name}, "") {
				t.Errorf("%q does not select itself: %v", name, err)
			}
		}
		if p.Match(match.Name{Name: name}, "") && !p.Match(match.Name{Name: name}, "i") {
			t.Errorf("%q selects %q and not its instances", text, name)
		}
	})
}

func TestPairs(t *testing.T) {
	compare := func(a, b *string) int { return strings.Compare(*a, *b) }
	for _, tt := range []struct{ old, new, want string }{
		{"", "", ""},
		{"a b", "a b", "a=a b=b"},
		{"a", "", "a=-"},
		{"", "a", "-=a"},
		{"a c", "b c d", "a=- -=b c=c -=d"},
		{"b", "a", "-=a b=-"},
	} {
		var got []string
		word := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		match.Pairs(strings.Fields(tt.old), strings.Fields(tt.new), compare, func(was, is *string) { got = append(got, word(was)+"="+word(is)) })
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q and %q: %v, want %s", tt.old, tt.new, got, tt.want)
		}
	}
}

// TestWild: what may mean other names than its own.
func TestWild(t *testing.T) {
	for text, want := range map[string]bool{"payment": false, "shop/s1": false, "a b": false, "pay*": true, "pa?": true, "[ab]": true, `a\*`: true} {
		if got := match.Glob(text).Wild(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestOf: of which sources a pattern may mean services.
func TestOf(t *testing.T) {
	for text, want := range map[string][2]bool{"payment": {true, true}, "etcd:payment": {true, false}, "con*:x": {false, true}, "*:x": {true, true}} {
		p, err := match.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{p.Of("etcd"), p.Of("consul")}; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
