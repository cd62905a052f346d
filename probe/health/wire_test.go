package health_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/probe/health"
)

// capture is a recorded exchange: request lines after ">", the error text of
// curl if any, then each answer (interim ones and redirects are answers too) as
// status line, header, blank line, body. Carriage returns are gone and bodies
// are decoded.
type capture struct {
	fault   string          // what curl said, where the exchange did not end well
	answers []health.Answer // in order
}

// parseCapture reads the form of the recordings.
func parseCapture(text string) (capture, error) {
	var c capture
	_, rest, found := strings.Cut(text, "\n\n")
	if !found || !strings.HasPrefix(text, "> ") {
		return c, fmt.Errorf("does not begin with a request")
	}
	if strings.HasPrefix(rest, "curl: ") {
		c.fault, _, _ = strings.Cut(rest, "\n")
		if at := strings.Index(rest, "\nHTTP/"); at >= 0 {
			rest = rest[at+1:]
		} else {
			return c, nil
		}
	}
	for strings.HasPrefix(rest, "HTTP/") {
		head, after, _ := strings.Cut(rest, "\n\n")
		a, err := parseHead(head)
		if err != nil {
			return c, err
		}
		if next := nextAnswer(after); next >= 0 && (a.Status < 200 || a.Status/100 == 3) {
			rest = after[next:]
		} else {
			a.Body, rest = []byte(strings.TrimSuffix(after, "\n")), ""
		}
		c.answers = append(c.answers, a)
	}
	if len(c.answers) == 0 {
		return c, fmt.Errorf("has no answer and no fault")
	}
	return c, nil
}

// nextAnswer is where another status line begins.
func nextAnswer(text string) int {
	if strings.HasPrefix(text, "HTTP/") {
		return 0
	}
	if at := strings.Index(text, "\nHTTP/"); at >= 0 {
		return at + 1
	}
	return -1
}

func parseHead(head string) (health.Answer, error) {
	lines := strings.Split(head, "\n")
	fields := strings.Fields(lines[0])
	if len(fields) < 2 {
		return health.Answer{}, fmt.Errorf("no status line: %q", lines[0])
	}
	status, err := strconv.Atoi(fields[1])
	if err != nil {
		return health.Answer{}, fmt.Errorf("status line %q: %w", lines[0], err)
	}
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if !found {
			return health.Answer{}, fmt.Errorf("no header line: %q", line)
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return health.Answer{Status: status, Header: header.Get}, nil
}

// captures reads a folder of recordings by name.
func captures(t testing.TB, folder string) map[string]capture {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "wire", folder, "*.http"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings in %s: %v", folder, err)
	}
	all := map[string]capture{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parseCapture(string(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".http")] = c
	}
	return all
}

// answered is an answer made up for a test. Headers are name and value by turns.
func answered(status int, body string, headers ...string) health.Answer {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return health.Answer{Status: status, Header: h.Get, Body: []byte(body)}
}

func TestParseCapture(t *testing.T) {
	c, err := parseCapture("> GET /x\n\nHTTP/1.1 103 Early Hints\nLink: <a>\n\nHTTP/1.1 200 \nA: b\n\none\n\ntwo\n")
	if err != nil || len(c.answers) != 2 || c.answers[0].Status != 103 || string(c.answers[1].Body) != "one\n\ntwo" || c.answers[1].Header("a") != "b" {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = parseCapture("> GET /x\n> -L\n\ncurl: (28) too late\nmore of it\n\n")
	if err != nil || c.fault != "curl: (28) too late" || len(c.answers) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{"", "GET /x\n\nHTTP/1.1 200 OK\n\n", "> GET /\n\nhello", "> GET /\n\nHTTP/1.1 OK\n\n", "> GET /\n\nHTTP/1.1 200 OK\nnothing\n\n"} {
		if _, err := parseCapture(bad); err == nil {
			t.Errorf("%q is taken for a recording", bad)
		}
	}
}
