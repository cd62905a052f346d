package match_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/match"
)

// expression makes a part of a label selector, written with white space here
// and there, and what it means.
func expression(rng *rand.Rand) (text string, holds func(map[string]string) bool) {
	gap := func() string { return []string{"", " ", "\t "}[rng.IntN(3)] }
	key := []string{"zone", "tier", "in", "notin", "größe", "a.b/c-d_e"}[rng.IntN(6)]
	var values []string
	for range 1 + rng.IntN(3) {
		values = append(values, []string{"a", "b", "", "a b", "x=y", "!", "支"}[rng.IntN(7)])
	}
	one := func(l map[string]string) bool { v, ok := l[key]; return ok && v == values[0] }
	several := func(l map[string]string) bool { v, ok := l[key]; return ok && slices.Contains(values, v) }
	there := func(l map[string]string) bool { _, ok := l[key]; return ok }
	not := func(f func(map[string]string) bool) func(map[string]string) bool {
		return func(l map[string]string) bool { return !f(l) }
	}
	list := gap() + "(" + gap() + strings.Join(values, gap()+","+gap()) + gap() + ")"
	switch rng.IntN(7) {
	case 0:
		return key + gap() + "=" + gap() + values[0], one
	case 1:
		return key + gap() + "==" + gap() + values[0], one
	case 2:
		return key + gap() + "!=" + gap() + values[0], not(one)
	case 3:
		return key + " in" + list, several
	case 4:
		return key + " notin" + list, not(several)
	case 5:
		return "!" + gap() + key, not(there)
	}
	return key, there
}

// TestLabelsByTheirMeaning: expressions of all kinds, joined and spaced at will,
// mean what their parts do, for every set of labels.
func TestLabelsByTheirMeaning(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var texts []string
		var parts []func(map[string]string) bool
		for range 1 + rng.IntN(3) {
			text, holds := expression(rng)
			texts, parts = append(texts, text), append(parts, holds)
		}
		text := strings.Join(texts, []string{",", " , ", ",\t"}[rng.IntN(3)])
		selector, err := match.ParseLabels(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for range 20 {
			labels := map[string]string{}
			for _, key := range []string{"zone", "tier", "in", "notin", "größe", "a.b/c-d_e"} {
				if rng.IntN(2) == 0 {
					labels[key] = []string{"a", "b", "", "a b", "x=y", "!", "支"}[rng.IntN(7)]
				}
			}
			want := !slices.ContainsFunc(parts, func(holds func(map[string]string) bool) bool { return !holds(labels) })
			if got := selector.Match(func(key string) (string, bool) { v, ok := labels[key]; return v, ok }); got != want {
				t.Fatalf("%q for %q: %v, want %v", text, labels, got, want)
			}
		}
	}
}

// fits is a glob's meaning, said once more: letters, ? and *, neither of which
// stands for a slash.
func fits(glob, text []rune) bool {
	switch {
	case len(glob) == 0:
		return len(text) == 0
	case glob[0] == '*':
		return fits(glob[1:], text) || len(text) > 0 && text[0] != '/' && fits(glob, text[1:])
	case len(text) == 0:
		return false
	case glob[0] == '?':
		return text[0] != '/' && fits(glob[1:], text[1:])
	}
	return glob[0] == text[0] && fits(glob[1:], text[1:])
}

func TestGlobsByTheirMeaning(t *testing.T) {
	letters := []rune("ab/ß支")
	for seed := range uint64(20_000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var glob, text []rune
		for range 1 + rng.IntN(5) {
			glob = append(glob, append(letters, '*', '?')[rng.IntN(len(letters)+2)])
		}
		for range rng.IntN(6) {
			text = append(text, letters[rng.IntN(len(letters))])
		}
		g, err := match.ParseGlob(string(glob))
		if err != nil {
			t.Fatalf("%q: %v", string(glob), err)
		}
		if got, want := g.Match(string(text)), fits(glob, text) || string(glob) == string(text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", string(glob), string(text), got, want)
		}
	}
}

// TestEscapesInGlobs: what stands behind a backslash or in brackets is itself.
func TestEscapesInGlobs(t *testing.T) {
	for glob, texts := range map[string][2]string{ // matches, and does not
		`a\*`:       {"a*", "ab"},
		`a\?`:       {"a?", "ab"},
		`\[x\]`:     {"[x]", "x"},
		`a[*]`:      {"a*", "ab"},
		`a\\b`:      {`a\b`, "ab"},
		"[a-c]x":    {"bx", "dx"},
		"[^a-c]x":   {"dx", "bx"},
		`[\]]`:      {"]", `\`},
		"[ß-支]":     {"支", "a"},
		"支付*":       {"支付-1", "支"},
		"*.example": {"pay.example", "payexample"},
	} {
		g, err := match.ParseGlob(glob)
		if err != nil {
			t.Errorf("%q: %v", glob, err)
			continue
		}
		if !g.Match(texts[0]) || g.Match(texts[1]) {
			t.Errorf("%q matches %q: %v, and %q: %v", glob, texts[0], g.Match(texts[0]), texts[1], g.Match(texts[1]))
		}
	}
}

// TestNearestIsNear: guesses are names that exist, each once, no more than
// three; a name that is right but for case comes first, and one letter wrong,
// doubled, left out or swapped is forgiven.
func TestNearestIsNear(t *testing.T) {
	names := []string{"payment", "Payment-EU", "order", "gateway", "inventory", "zahlung-größe", "支付网关服务"}
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 3))
		name := names[rng.IntN(len(names))]
		wrong := []rune(name)
		switch at := rng.IntN(len(wrong) - 1); rng.IntN(5) {
		case 0:
			wrong[at] = 'q'
		case 1:
			wrong = slices.Insert(wrong, at, wrong[at])
		case 2:
			wrong = slices.Delete(wrong, at, at+1)
		case 3:
			wrong[at], wrong[at+1] = wrong[at+1], wrong[at]
		case 4:
			wrong = []rune(strings.ToUpper(name))
		}
		got := match.Nearest(string(wrong), append(slices.Clone(names), names...))
		if len(got) == 0 || len(got) > 3 || got[0] != name {
			t.Errorf("%q: %q, want %q first", string(wrong), got, name)
		}
		for i, g := range got {
			if !slices.Contains(names, g) || slices.Contains(got[:i], g) {
				t.Errorf("%q: %q", string(wrong), got)
			}
		}
	}
}

// TestIndexFindsTheLongestName: whatever else there is, a service's longest name
// finds it from anywhere in its context, and from nowhere else.
func TestIndexFindsTheLongestName(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 4))
		index, all := match.Index{}, map[match.Name]bool{}
		for range 1 + rng.IntN(12) {
			all[match.Name{
				Context: []string{"prod", "test"}[rng.IntN(2)], Source: []string{"etcd", "consul"}[rng.IntN(2)],
				Namespace: []string{"", "shop", "web"}[rng.IntN(3)], Name: []string{"pay", "order"}[rng.IntN(2)],
			}] = true
		}
		for n := range all {
			index.Add(n)
		}
		for n := range all {
			for from := range all {
				got, err := index.Find(from, n.String())
				switch {
				case from.Context != n.Context:
					if err == nil && got == n {
						t.Errorf("seed %d: %v in another context is found from %v", seed, n, from)
					}
				case n.Namespace != "":
					if err != nil || got != n {
						t.Errorf("seed %d: %s from %v: %v, %v", seed, n, from, got, err)
					}
				case err == nil && (got.Source != n.Source || got.Name != n.Name):
					t.Errorf("seed %d: %s from %v is %v", seed, n, from, got)
				}
			}
		}
	}
}

// TestPairsOfAnything: each member of both lists is handed on once, in order,
// and those that are equal together.
func TestPairsOfAnything(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 5))
		sorted := func() []int {
			list := make([]int, rng.IntN(8))
			for i := range list {
				list[i] = rng.IntN(10)
			}
			slices.Sort(list)
			return list
		}
		old, new := sorted(), sorted()
		var was, is []int
		last := -1
		match.Pairs(old, new, func(a, b *int) int { return *a - *b }, func(a, b *int) {
			at := 0
			if a != nil {
				was, at = append(was, *a), *a
			}
			if b != nil {
				is, at = append(is, *b), *b
			}
			if a == nil && b == nil || a != nil && b != nil && *a != *b || at < last {
				t.Errorf("seed %d: %v and %v: %v, %v", seed, old, new, a, b)
			}
			last = at
		})
		if fmt.Sprint(was) != fmt.Sprint(old) || fmt.Sprint(is) != fmt.Sprint(new) {
			t.Errorf("seed %d: %v and %v were handed on as %v and %v", seed, old, new, was, is)
		}
	}
}
