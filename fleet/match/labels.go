package match

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Labels is an expression over labels. Its parts are joined by commas, and all
// of them must hold:
//
//	key=value  key==value  key!=value  key in (a,b)  key notin (a,b)  key  !key
//
// As kubectl has it, != and notin hold for labels that are not there.
type Labels []term

// term is one part: the label's value must (or, negated, must not) be one of
// values; with none, the label must (not) be there.
type term struct {
	key    string
	not    bool
	values []string
}

// Match says whether labels satisfy the expression; the empty one is satisfied
// by all.
func (l Labels) Match(get func(key string) (string, bool)) bool {
	for _, t := range l {
		v, ok := get(t.key)
		if hit := ok && (t.values == nil || slices.Contains(t.values, v)); hit == t.not {
			return false
		}
	}
	return true
}

// ParseLabels reads an expression. Errors name the character it stopped at.
func ParseLabels(text string) (Labels, error) {
	p := parser{text: text}
	var all Labels
	for p.space(); p.at < len(text); {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
		if p.at == len(text) {
			break
		}
		if !p.eat(",") {
			return nil, p.fail("a comma")
		}
		if p.at == len(text) {
			return nil, p.fail("a label after the comma")
		}
	}
	return all, nil
}

// parser walks over an expression.
type parser struct {
	text string
	at   int
}

// term reads one part.
func (p *parser) term() (t term, err error) {
	t.not = p.eat("!")
	if t.key = p.word(" \t,=!()"); t.key == "" {
		return t, p.fail("the name of a label")
	}
	if t.not {
		return t, nil
	}
	switch {
	case p.eat("!="):
		t.not, t.values = true, []string{p.word(",")}
	case p.eat("=="), p.eat("="):
		t.values = []string{p.word(",")}
	default:
		start := p.at
		switch p.word(" \t,=!()") {
		case "in":
			t.values, err = p.list()
		case "notin":
			t.not = true
			t.values, err = p.list()
		default:
			p.at = start
		}
	}
	return t, err
}

// list reads (a,b).
func (p *parser) list() ([]string, error) {
	if !p.eat("(") {
		return nil, p.fail(`"("`)
	}
	for values := []string{}; ; {
		values = append(values, p.word(",()"))
		switch {
		case p.eat(")"):
			return values, nil
		case !p.eat(","):
			return nil, p.fail(`"," or ")"`)
		}
	}
}

// word reads up to one of the stop characters, without the space around it.
func (p *parser) word(stops string) string {
	rest := p.text[p.at:]
	if i := strings.IndexAny(rest, stops); i >= 0 {
		rest = rest[:i]
	}
	p.at += len(rest)
	p.space()
	return strings.TrimSpace(rest)
}

// eat takes a token and the space behind it, if it is there.
func (p *parser) eat(token string) bool {
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	p.space()
	return true
}

// space skips white space.
func (p *parser) space() {
	p.at = len(p.text) - len(strings.TrimLeft(p.text[p.at:], " \t"))
}

// fail says what was wanted where.
func (p *parser) fail(want string) error {
	found := "the end"
	if p.at < len(p.text) {
		r, _ := utf8.DecodeRuneInString(p.text[p.at:])
		found = fmt.Sprintf("%q", r)
	}
	return fmt.Errorf("label selector %q, character %d: want %s, found %s",
		p.text, utf8.RuneCountInString(p.text[:p.at])+1, want, found)
}
