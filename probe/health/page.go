package health

import "bytes"

// readMarkup recognises HTML: a form to log in, an application of one page, a
// proxy that answers for itself. None of these speaks for the service.
func readMarkup(body []byte) Verdict {
	const most = 64 << 10 // what licences and notes may take before the first tag
	head := bytes.ToLower(body[:min(len(body), most)])
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
	if bytes.HasPrefix(head, []byte("<html><body><h1>200 ok</h1>")) && bytes.Contains(head, []byte("service ready.")) {
		v.Detail = "HAProxy's monitor answers, for itself"
	}
	return v
}

// isHTML looks at the first tag.
func isHTML(head []byte) bool {
	tag, _, _ := bytes.Cut(head, []byte(">"))
	words := bytes.Fields(tag)
	if len(words) == 0 {
		return false
	}
	switch string(words[0]) {
	case "<!doctype":
		return len(words) > 1 && string(words[1]) == "html"
	case "<html", "<head", "<body", "<title", "<meta", "<link", "<script", "<style", "<div", "<p", "<pre", "<center",
		"<h1", "<h2", "<h3", "<span", "<b", "<table", "<form", "<br", "<br/":
		return true
	}
	return false
}
