package health

import "bytes"

// readMarkup recognises HTML: a form to log in, an application of one page, a
// proxy that answers for itself. None of these speaks for the service.
func readMarkup(body []byte) Verdict {
	head := bytes.ToLower(body[:min(len(body), 4096)])
	if bytes.HasPrefix(head, []byte("<?xml")) {
		if end := bytes.Index(head, []byte("?>")); end >= 0 {
			head = bytes.TrimSpace(head[end+2:])
		}
	}
	for bytes.HasPrefix(head, []byte("<!--")) {
		_, after, found := bytes.Cut(head, []byte("-->"))
		if head = bytes.TrimSpace(after); !found {
			break
		}
	}
	if !isHTML(head) {
		return Verdict{}
	}
	v := Verdict{Page: true}
	if bytes.HasPrefix(head, []byte("<html><body><h1>200 ok</h1>\nservice ready.")) {
		v.Detail = "HAProxy's monitor answers, for itself"
	}
	return v
}

// isHTML looks at the first tag.
func isHTML(head []byte) bool {
	if bytes.HasPrefix(head, []byte("<!doctype html")) {
		return true
	}
	name, _, _ := bytes.Cut(head, []byte(">"))
	name, _, _ = bytes.Cut(name, []byte(" "))
	switch string(bytes.TrimSpace(name)) {
	case "<html", "<head", "<body", "<title", "<meta", "<link", "<script", "<style", "<div", "<p", "<pre", "<center",
		"<h1", "<h2", "<h3", "<span", "<b", "<table", "<form", "<br", "<br/":
		return true
	}
	return false
}
