package health

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// Read finds out which dialect an answer speaks, by its body rather than by its
// Content-Type, and what it says in it. The zero Verdict means that it says
// nothing of health. A status that is about the question and not about the
// service (3xx, most 4xx, 501) leaves only the headers to speak: `404 {"error":
// "down"}` is not an answer to us. The texts of the Verdict are cleaned and
// bounded (see Clean).
func Read(a Answer) Verdict {
	var v Verdict
	if speaksOfHealth(a.Status) {
		v = readBody(&a)
		settle(&v, a.Status)
	}
	applyHeaders(&v, a.Header)
	tidy(&v, len(a.Body))
	return v
}

// speaksOfHealth says whether the body of such an answer is one about health.
// 429 is: Consul's agent gives it for a warning.
func speaksOfHealth(status int) bool {
	switch status {
	case 429:
		return true
	case 501:
		return false
	default:
		return status >= 200 && status < 300 || status >= 500 && status < 600
	}
}

// readBody sniffs the form and asks the dialects of that form one by one.
func readBody(a *Answer) Verdict {
	body := bytes.TrimSpace(toUTF8(a.Body))
	if len(body) == 0 {
		return Verdict{}
	}
	switch {
	case bytes.HasPrefix(body, []byte("\x1f\x8b")):
		// Compressed twice, or without saying so.
		return Verdict{Unreadable: true, Detail: "compressed data"}
	case bytes.HasPrefix(body, []byte("[+]")), bytes.HasPrefix(body, []byte("[-]")):
		// Kubernetes' list of checks: no JSON, though it begins like it.
	case body[0] == '{' || body[0] == '[':
		d, ok := parse(a, body)
		if !ok {
			return Verdict{Unreadable: true}
		}
		return readDocument(d)
	case body[0] == '"' && json.Valid(body):
		if text, ok := rawjson.Value(body).Text(); ok {
			return readText(text, a.Status)
		}
	case body[0] == '<':
		return readMarkup(body)
	}
	const most = 64 << 10 // what a list of checks may take; more is no health text
	return readText(string(body[:min(len(body), most)]), a.Status)
}

// readDocument asks the dialects of JSON. The order matters: each looks for
// what only it has, and what is common to several comes last.
func readDocument(d *document) Verdict {
	for _, dialect := range [...]func(*document) (Verdict, bool){
		readSpring, readMicroProfile, readIETF, readASPNET, readTerminus, readHellofresh, readAlexliesenfeld,
		readDropwizard, readDropwizardHealth, readChecks, readList, readStatus,
	} {
		if v, ok := dialect(d); ok {
			return v
		}
	}
	if d.answer.Status < 500 {
		return Verdict{}
	}
	return Verdict{Detail: d.detail()} // why it failed, where it says so
}

// readText asks the dialects of plain text.
func readText(text string, status int) Verdict {
	text = strings.TrimSpace(text)
	for _, dialect := range [...]func(string) (Verdict, bool){
		readKubernetes, readDjangoText, readLightship, readASPNETText, readOpenMetrics, readPlain,
	} {
		if v, ok := dialect(text); ok {
			return v
		}
	}
	if status < 500 {
		return Verdict{}
	}
	first, _, _ := strings.Cut(text, "\n")
	return Verdict{Detail: first}
}

// settle holds the word against the code and the components. Under a server
// error a word that is in no table adds nothing: {"status":"Internal Server
// Error"} is an echo of the status line, as is the text "Service Unavailable".
func settle(v *Verdict, status int) {
	if status >= 500 && v.Dialect == "text" {
		switch strings.ToLower(v.Detail) {
		case "service unavailable", "gateway timeout":
			*v = Verdict{Detail: v.Detail}
		}
	}
	if status >= 500 && v.Word == Unknown && !v.Starting {
		if w, _, _ := ParseWord(v.Text); w == NoWord {
			v.Word = NoWord
		}
	}
	v.Lie = v.Word == Well && slices.ContainsFunc(v.Components, func(c Component) bool { return c.Word.Unwell() })
}

// tidy makes the texts fit to be kept and the order the same every time. A text
// that is part of a body keeps all of that, so it is kept of a small one only.
func tidy(v *Verdict, size int) {
	const small = 64
	fit := Clean
	if size > small {
		fit = func(s string, limit int) string { return strings.Clone(Clean(s, limit)) }
	}
	v.Text, v.Detail = fit(v.Text, maxText), fit(v.Detail, maxDetail)
	for i := range v.Components {
		c := &v.Components[i]
		c.Name, c.Text, c.Detail = fit(c.Name, maxName), fit(c.Text, maxText), fit(c.Detail, maxDetail)
	}
	slices.SortStableFunc(v.Components, func(a, b Component) int { return strings.Compare(a.Name, b.Name) })
}

// say begins a Verdict with a word as it was written. One that is in no table
// is Unknown: the service said something, and we cannot tell what.
func say(dialect, text string) Verdict {
	v := Verdict{Dialect: dialect, Text: text}
	v.Word, v.Draining, v.Starting = ParseWord(text)
	if v.Word == NoWord {
		v.Word = Unknown
	}
	return v
}

// Whole makes a Verdict of components alone, for the dialects that have no word
// for the whole: all must be well.
func Whole(dialect string, components []Component) Verdict {
	v := Verdict{Dialect: dialect, Components: components}
	rank := [...]int{NoWord: 0, Well: 1, Unknown: 2, Warn: 3, Ill: 4}
	for _, c := range components {
		if rank[c.Word] > rank[v.Word] {
			v.Word, v.Text = c.Word, c.Text
			_, _, v.Starting = ParseWord(c.Text)
		}
	}
	return v
}
