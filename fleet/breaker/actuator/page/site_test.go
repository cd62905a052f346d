package page_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker/actuator/page"
)

func TestLinksRecorded(t *testing.T) {
	for name, want := range map[string][2]string{ // the paths of the list and of one
		"resilience4j-2/01-index":              {"/actuator/circuitbreakers", "/actuator/circuitbreakers/{name}"},
		"resilience4j-1/01-index":              {"/actuator/circuitbreakers", "/actuator/circuitbreakers/{name}"},
		"resilience4j-2/50-read-only-index":    {"/actuator/circuitbreakers", ""},
		"resilience4j-2/41-not-exposed-index":  {"", ""},
		"resilience4j-2/43-base-path-index":    {"/manage/cb", "/manage/cb/{name}"},
		"resilience4j-2/53-context-path-index": {"/shop/actuator/circuitbreakers", "/shop/actuator/circuitbreakers/{name}"},
	} {
		links, err := page.Links(reply(t, name))
		if err != nil || links["circuitbreakers"] != want[0] || links["circuitbreakers-name"] != want[1] || links["health"] == "" {
			t.Errorf("%s: %v, %v", name, links, err)
		}
	}
	for _, body := range []string{``, `{}`, `{"_links":7}`, `[]`, `{"status":404}`} {
		if links, err := page.Links([]byte(body)); err == nil {
			t.Errorf("%s: %v, and no error", body, links)
		}
	}
	if links, err := page.Links([]byte(`{"_links":{"circuitbreakers":{"href":"http://[::1"}}}`)); err != nil || len(links) != 1 {
		t.Errorf("%v, %v: an endpoint is there whatever its link is", links, err)
	}
}

func TestRegistration(t *testing.T) {
	for name, want := range map[string]page.Registration{
		"eureka/24-serviceregistry":           {Status: "UP", Override: "UNKNOWN"},
		"eureka/24-serviceregistry-after-out": {Status: "OUT_OF_SERVICE", Override: "OUT_OF_SERVICE"},
		"admin/16-serviceregistry":            {Status: "UP", Override: "UNKNOWN"},
	} {
		if got, err := page.ReadRegistration(reply(t, name)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := page.ReadRegistration([]byte(`"OUT_OF_SERVICE"`)); err != nil || got != (page.Registration{Status: "OUT_OF_SERVICE"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, body := range []string{``, `""`, `{}`, `[]`, `{"status":7}`, `null`} {
		if got, err := page.ReadRegistration([]byte(body)); err == nil {
			t.Errorf("%s: %+v, and no error", body, got)
		}
	}
}

func TestInstances(t *testing.T) {
	list, err := page.Instances(reply(t, "admin/02-instances"))
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	in := list[0]
	if in.ID != "54a1aa9b862f" || in.Name != "shop" || !slices.Contains(in.Endpoints, "circuitbreakers") || !slices.Equal(in.URLs, []string{"http://127.0.0.1:19411/", "http://127.0.0.1:19411/actuator", "http://127.0.0.1:19411/actuator/health"}) {
		t.Errorf("%+v", in)
	}
	if list, err := page.Instances(reply(t, "admin/03-instances-unknown-name")); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := page.Instances([]byte(`[{"id":"a","registration":null},{"id":"b","registration":{"name":"x"},"endpoints":7}]`)); err != nil || len(list) != 1 || list[0].ID != "b" {
		t.Errorf("%v, %v", list, err)
	}
	for _, body := range []string{``, `{}`, `null`, `[7]`, `data:{"id":"a"}`} {
		if list, err := page.Instances([]byte(body)); err == nil {
			t.Errorf("%s: %v, and no error", body, list)
		}
	}
}

func TestForm(t *testing.T) {
	token, login := page.Form(reply(t, "security/02-login-page"))
	if !login || len(token) != 96+8 && !strings.HasPrefix(token, "DN6aR1UlE24V") {
		t.Errorf("%q, %v", token, login)
	}
	for body, want := range map[string]string{
		`<meta name="_csrf" content="a&#43;b"/>`:                  "a+b",
		`<INPUT value='x' type=hidden name='_csrf'>`:              "x",
		`<input name="_csrf"><input name="_csrf" value="second">`: "",
		`{"token":"x"}`: "",
		`<meta name="_csrf_header" content="X"><meta name="_csrf" content="t">`: "t",
	} {
		if token, login := page.Form([]byte(body)); token != want || login {
			t.Errorf("%s: %q, %v", body, token, login)
		}
	}
	if !page.IsHTML("text/html;charset=utf-8", nil) || !page.IsHTML("", []byte(" \n<!DOCTYPE HTML>")) || page.IsHTML("application/json", []byte(`{"a":"<html"}`)) {
		t.Error("what is a page for people")
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		" a\r\n\tb\x1b[2J \x00c": "a b [2J c",
		"\xff\xfea":              "a",
		"a\u202eb\u200bc":        "a b c",
		strings.Repeat("é", 200): strings.Repeat("é", 80) + "...",
		strings.Repeat(" ", 900): "...",
		"::error::x":             "::error::x",
	} {
		if got := page.Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzPages reads anything as every page: nothing panics, and what comes out
// keeps the promises of the contract.
func FuzzPages(f *testing.F) {
	for _, body := range replies(f, "-list", "-events", "health", "index", "serviceregistry", "admin/", "login", "force-open") {
		if len(body) < 2<<10 { // long seeds keep the fuzzer busy making them short
			f.Add(body)
		}
	}
	for _, body := range []string{`"`, `{`, `[`, `{"circuitBreakers":{"":{}},"circuitbreakers":[]}`, `[{"id":"a","registration":{}}]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, _, err := page.List(data)
		if (list == nil) != (err != nil) {
			t.Errorf("%v beside %v", list, err)
		}
		found, _ := page.Health(data)
		for _, list := range [][]fleet.Breaker{list, found} {
			for i, b := range list {
				if b.Name == "" || i > 0 && list[i-1].Name >= b.Name || b.FailureRate < 0 || b.FailureRate > 1 || b.SlowRate < 0 || b.SlowRate > 1 || b.Calls < -1 || b.Rejected < -1 {
					t.Errorf("breaker %d is %+v", i, b)
				}
			}
		}
		events, _ := page.Events(data)
		for i, e := range events {
			if i > 0 && e.At.Before(events[i-1].At) {
				t.Errorf("event %d is older than the one before", i)
			}
		}
		if r, err := page.ReadRegistration(data); err == nil && r.Status == "" {
			t.Error("a registration without a status")
		}
		if list, err := page.Instances(data); err == nil {
			for _, in := range list {
				if in.ID == "" {
					t.Error("an instance without an id")
				}
			}
		}
		if line := page.Line(string(data)); len(line) > 200 || strings.ContainsAny(line, "\n\r\x1b") {
			t.Errorf("%q is no line", line)
		}
		_, _ = page.Links(data)
		_, _, _ = page.Changed(data)
		_, _ = page.Form(data)
		_ = page.IsHTML("", data)
	})
}
