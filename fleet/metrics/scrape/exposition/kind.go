package exposition

import (
	"bytes"
	"mime"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/probe"
)

// prepare says what a page is read as, and makes of it what the parser wants.
// What it has to mend is noted, and such a page is parsed each time.
func (r *reading) prepare(page []byte, kind string) (string, []byte, error) {
	media, params, _ := mime.ParseMediaType(kind)
	if media == protobuf {
		if what := params["encoding"]; what != "delimited" {
			return "", nil, refused(ErrOther, "it is protobuf with encoding %q, where delimited was asked for", Clean(what))
		}
		return Protobuf, page, nil
	}
	if err := foreign(page); err != nil {
		return "", nil, err
	}
	before := page
	page = bytes.TrimPrefix(page, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(page, '\r') >= 0 {
		page = bytes.ReplaceAll(page, []byte("\r\n"), []byte("\n"))
	}
	if len(page) > 0 && page[len(page)-1] != '\n' {
		r.add("its last line has no end: it may be cut short")
		page = append(page[:len(page):len(page)], '\n')
	}
	r.same = len(page) == len(before)
	ends := bytes.HasSuffix(page, []byte("\n# EOF\n")) || bytes.Equal(page, []byte("# EOF\n"))
	switch {
	case media == openMetrics:
		return OpenMetrics, page, nil
	case ends: // as only OpenMetrics ends
		r.add("it is OpenMetrics, sent as " + sentAs(kind))
		return OpenMetrics, page, nil
	case media != plainText:
		r.add("it is sent as " + sentAs(kind) + ", and read as text")
	}
	return Text, page, nil
}

func sentAs(kind string) string {
	if kind == "" {
		return "nothing"
	}
	return Clean(kind)
}

// foreign says what a page is that can be no text of metrics.
func foreign(page []byte) error {
	start := bytes.TrimLeft(page, " \t\r\n\xef\xbb\xbf")
	switch {
	case bytes.HasPrefix(page, []byte("\x1f\x8b")):
		return refused(ErrOther, "it is compressed, and no Content-Encoding says so")
	case bytes.HasPrefix(page, []byte("\xff\xfe")), bytes.HasPrefix(page, []byte("\xfe\xff")):
		return refused(ErrOther, "it is UTF-16, not UTF-8")
	case bytes.HasPrefix(start, []byte("<")):
		return &fleet.Error{Reason: probe.ReasonPage, Detail: "an HTML page: a login form, or an application that answers every path", Err: ErrOther}
	case isJSON(start):
		return refused(ErrOther, "it is JSON, and no metrics that are known")
	}
	if at := bytes.IndexByte(page, 0); at >= 0 { // the parser takes one for the end of the page
		return atLine(ErrOther, page, at, "it holds a zero byte")
	}
	return nil
}

// isJSON says whether text begins as JSON does: metrics may begin with a brace
// too, but then with a name that no colon follows.
func isJSON(start []byte) bool {
	if len(start) == 0 || start[0] != '{' && start[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(start[1:], " \t\r\n")
	if start[0] == '[' || len(rest) == 0 || rest[0] == '}' {
		return true
	}
	if rest[0] != '"' {
		return false
	}
	end := bytes.IndexByte(rest[1:], '"')
	return end >= 0 && strings.HasPrefix(strings.TrimLeft(string(rest[end+2:min(len(rest), end+10)]), " \t\r\n"), ":")
}
