// Package veil hides what proves who we are in what far sides write.
package veil

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// veiled is the shortest text that a Veil hides: what is shorter cannot be told
// from words, such as the name of a breaker or of a status.
const veiled = 6

// Veil hides what proves who we are in what a far side writes: debug pages and
// badly made errors repeat the question. It puts asterisks over it, one for each
// byte, so that JSON stays JSON, and does so before anything is cut off. A nil
// Veil hides nothing. It does not change.
type Veil struct {
	forms   [][]byte // the longest first
	longest int
}

// New hides the values of headers of these names: as they are, without their
// scheme, what a Basic one stands for, each cookie by itself; and all of them as
// JSON, HTML and URLs have them. It is nil where there is nothing to hide.
func New(header http.Header, names []string) *Veil {
	var forms []string
	add := func(text string) {
		if text = strings.TrimSpace(text); len(text) < veiled {
			return
		}
		quoted, _ := json.Marshal(text) // a string always encodes
		inner := string(quoted[1 : len(quoted)-1])
		plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(inner)
		forms = append(forms, text, inner, plain, strings.ReplaceAll(plain, "/", `\/`), html.EscapeString(text), url.QueryEscape(text), url.PathEscape(text))
	}
	for _, name := range names {
		for _, value := range header[http.CanonicalHeaderKey(name)] {
			add(value)
			if http.CanonicalHeaderKey(name) == "Cookie" {
				for _, cookie := range strings.Split(value, ";") {
					_, text, _ := strings.Cut(cookie, "=")
					add(text)
				}
			}
			_, token, _ := strings.Cut(value, " ")
			add(token)
			add(strings.TrimRight(token, "="))
			if known, err := base64.StdEncoding.DecodeString(token); err == nil && strings.HasPrefix(strings.ToLower(value), "basic ") {
				_, password, _ := strings.Cut(string(known), ":")
				add(string(known))
				add(password)
			}
		}
	}
	if len(forms) == 0 {
		return nil
	}
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	v := &Veil{longest: len(forms[0])}
	for _, form := range slices.Compact(forms) {
		v.forms = append(v.forms, []byte(form))
	}
	return v
}

// Hide hides in place.
func (v *Veil) Hide(text []byte) {
	if v != nil {
		v.hide(text, len(text), 0)
	}
}

// hide hides what begins before a place, and so many bytes at the start. It
// returns how many of those from the place on belong to what is hidden.
func (v *Veil) hide(text []byte, before, start int) (over int) {
	type span struct{ from, to int }
	spans := []span{{0, start}}
	for _, form := range v.forms {
		for at := 0; ; at++ {
			next := bytes.Index(text[at:], form)
			if at += next; next < 0 || at >= before {
				break
			}
			spans = append(spans, span{at, at + len(form)})
		}
	}
	// All are found before one is hidden: they may lie over each other.
	for _, s := range spans {
		over = max(over, s.to-before)
		for i := s.from; i < min(s.to, before); i++ {
			text[i] = '*'
		}
	}
	return over
}

// Text is a text with what is to be hidden hidden.
func (v *Veil) Text(text string) string {
	if v == nil || text == "" {
		return text
	}
	hidden := []byte(text)
	v.Hide(hidden)
	return string(hidden)
}

// Body is a body of which everything is hidden, wherever reads of it end.
func (v *Veil) Body(body io.ReadCloser) io.ReadCloser {
	if v == nil {
		return body
	}
	return &underVeil{body: body, veil: v}
}

// underVeil hands out what is hidden, and keeps back so much as may be the
// beginning of more.
type underVeil struct {
	body  io.ReadCloser
	veil  *Veil
	ready []byte // hidden, not handed out
	held  []byte // as it came
	over  int    // so much of held belongs to what was hidden
	err   error  // why there is no more
}

// Read hands out what is certain.
func (u *underVeil) Read(p []byte) (int, error) {
	for len(u.ready) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		const chunk = 4096
		at := len(u.held)
		u.held = slices.Grow(u.held, chunk)[:at+chunk]
		n, err := u.body.Read(u.held[at:])
		u.held, u.err = u.held[:at+n], err
		sure := len(u.held)
		if err == nil {
			sure = max(sure-(u.veil.longest-1), 0)
		}
		u.over = u.veil.hide(u.held, sure, min(u.over, len(u.held)))
		u.ready, u.held = u.held[:sure:sure], slices.Clone(u.held[sure:])
	}
	n := copy(p, u.ready)
	u.ready = u.ready[n:]
	return n, nil
}

// Close closes the body.
func (u *underVeil) Close() error { return u.body.Close() }
