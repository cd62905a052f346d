package health_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/midwatch-cli/midwatch/probe"
	"github.com/midwatch-cli/midwatch/probe/health"
)

// TestDrainingIsSaid: leaving is an explicit word or header of the whole; what
// merely looks like it is ill, or not ready yet, and no more.
func TestDrainingIsSaid(t *testing.T) {
	const neither, draining, starting = "", "draining", "starting"
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{503, `{"status":"OUT_OF_SERVICE"}`, draining},
		{503, `{"status":"out-of-service"}`, draining},
		{200, `{"state":"MAINTENANCE"}`, draining},
		{200, `{"status":{"code":"OUT_OF_SERVICE"}}`, draining},
		{503, `{"status":"shutting_down","info":{},"error":{},"details":{}}`, draining},
		{500, "SERVER_IS_SHUTTING_DOWN", draining},
		{503, "DRAINING\n", draining},
		{200, "Server is shutting down.", draining},
		{429, `{"status":"maintenance"}`, draining},
		{500, "SERVER_IS_NOT_READY", neither},
		{503, `{"status":"error","error":["Server is shutting down"],"details":[]}`, neither},
		{503, `{"status":"DOWN","components":{"readinessState":{"status":"OUT_OF_SERVICE"}}}`, neither},
		{503, `{"status":"DOWN","error":"shutting down"}`, neither},
		{503, "[-]shutdown failed: process is shutting down\nreadyz check failed", neither},
		{503, `{"db":"maintenance"}`, neither},
		{404, `{"status":"OUT_OF_SERVICE"}`, neither},
		{503, "we were draining the pool when it broke", neither},
		{200, `{"status":"starting"}`, starting},
		{503, `{"status":"ok","message":"Healthcheck spinning up"}`, starting},
		{503, "PRE_INITIALIZING", starting},
		{503, "status: initializing", starting},
		{503, `{"db":"didn't run yet"}`, starting},
		{503, `{"status":"unknown"}`, neither},
		{503, `{"status":"DOWN","error":"starting"}`, neither},
		{503, `{"status":"UP","components":{"db":{"status":"STARTING"}}}`, neither},
	} {
		v := health.Read(answered(c.status, c.body))
		if v.Draining != (c.want == draining) || v.Starting != (c.want == starting) {
			t.Errorf("%d %s: %s, want %q", c.status, c.body, summary(v), c.want)
		}
	}
}

// TestCachedDraining: what a cache kept was said of another time, and must not
// put an instance into maintenance now.
func TestCachedDraining(t *testing.T) {
	for _, body := range []string{`{"status":"OUT_OF_SERVICE"}`, `{"status":"starting"}`} {
		v := health.Read(answered(200, body, "Age", "3600"))
		if !v.Stale || v.Draining || v.Starting {
			t.Errorf("%s of an hour ago: %s", body, summary(v))
		}
	}
}

// TestCacheHeaders has the forms caches write.
func TestCacheHeaders(t *testing.T) {
	for _, c := range []struct {
		name, value string
		stale       bool
	}{
		{"Age", "10", false},
		{"Age", "11", true},
		{"Age", " 3600 ", true},
		{"Age", "99999999999999999999", true}, // RFC 9111: too large is the largest
		{"Age", "-1", false},
		{"Age", "1e9", false},
		{"Age", "", false},
		{"X-Cache", "HIT, MISS", true},
		{"X-Cache", "MISS, HIT", true},
		{"X-Cache", "MISS, MISS", false},
		{"X-Cache", "Hit from cloudfront", true},
		{"X-Cache", "Error from cloudfront", false},
		{"X-Cache", "HITTITE", false},
		{"X-Cache-Status", "EXPIRED", false},
		{"CF-Cache-Status", "hit", true},
		{"X-Envoy-Degraded", "", false},
	} {
		if v := health.Read(answered(200, "OK", c.name, c.value)); v.Stale != c.stale || v.Word != health.Well {
			t.Errorf("%s: %s: %s, want stale %v", c.name, c.value, summary(v), c.stale)
		}
	}
}

// inUTF16 encodes a text, with a byte order mark or without.
func inUTF16(order binary.AppendByteOrder, mark bool, s string) (b []byte) {
	if mark {
		s = "\ufeff" + s
	}
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

// TestCharsets: a body in UTF-16 is read like any other, and was once passed
// unread on a named path though it said DOWN.
func TestCharsets(t *testing.T) {
	down := `{"status":"DOWN","error":"Zürich 测试"}`
	const want = "status ill (Zürich 测试)"
	for what, body := range map[string][]byte{
		"UTF-8":                         []byte(down),
		"UTF-8 with a mark":             []byte("\xef\xbb\xbf" + down),
		"a mark, then blanks":           []byte("\xef\xbb\xbf\r\n\t " + down),
		"UTF-16, big end first":         inUTF16(binary.BigEndian, true, down),
		"UTF-16, little end first":      inUTF16(binary.LittleEndian, true, down),
		"UTF-16 big without a mark":     inUTF16(binary.BigEndian, false, down),
		"UTF-16 little without a mark":  inUTF16(binary.LittleEndian, false, down),
		"UTF-16 and half a character":   append(inUTF16(binary.LittleEndian, true, down), '\n'),
		"escaped":                       []byte(`{"status":"D\u004fWN","error":"Z\u00fcrich \u6d4b\u8bd5"}`),
		"UTF-16 whose status is quoted": inUTF16(binary.BigEndian, false, "  "+down+"\r\n"),
	} {
		if got := summary(health.Read(answered(200, string(body)))); got != want {
			t.Errorf("%s: %s", what, got)
		}
	}
	for body, want := range map[string]string{
		"{\"status\":\"DOWN\",\"error\":\"Z\xfcrich\"}": "status ill (Z\ufffdrich)", // Latin-1
		"\xff\xfeO\x00K\x00":                            "text well",
		"\xfe\xff\x00D\x00O\x00W\x00N":                  "text ill",
		"\xff\xfe":                                      "- none",
		"\xfe":                                          "- none",
		"O\x00":                                         "- none",
		"\x00\x00\x00{":                                 "- none",
		"\xef\xbb\xbf":                                  "- none",
		"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00":        "- none page",
	} {
		if got := summary(health.Read(answered(200, body))); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
}

// TestCompressedTwice: what is still compressed is said to be, and is no bare
// 2xx.
func TestCompressedTwice(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(`{"status":"DOWN"}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		named  bool
		want   string
	}{
		{200, true, "warn 200, but its body is compressed data"},
		{200, false, "unknown 200, and compressed data"},
		{503, true, "fail 503: compressed data"},
	} {
		a := answered(c.status, b.String())
		d := probe.Decide(a, health.Read(a), c.named, false)
		if got := d.Outcome.String() + " " + d.Detail; got != c.want {
			t.Errorf("%d, named %v: %s, want %s", c.status, c.named, got, c.want)
		}
	}
}

// TestPages has the beginnings of pages as servers and frameworks write them.
func TestPages(t *testing.T) {
	licence := "<!-- " + strings.Repeat("Licensed to whom it may concern.\n", 300) + "-->"
	for body, page := range map[string]bool{
		"<!doctype html>":                         true,
		"<!DOCTYPE\nhtml>":                        true,
		"<!doctype  HTML PUBLIC \"-//W3C//DTD\">": true,
		"<html\nlang=\"en\">":                     true,
		"<html\tclass=x>":                         true,
		"<HTML>":                                  true,
		"\ufeff\r\n  <html>":                      true,
		"\ufeff<!-- a --><!-- b -->\n<body>":      true,
		licence + "<!DOCTYPE html>":               true,
		"<?xml version='1.0'?><!-- x --><html >":  true,
		"<!-- a > b --><div>":                     true,
		"<br/>":                                   true,
		"<script>location='/login'</script>":      true,
		"<!doctype svg>":                          false,
		"<!doctype>":                              false,
		"<svg/>":                                  false,
		"<htmlx>":                                 false,
		"<>":                                      false,
		"<":                                       false,
		"< html>":                                 false,
		"<?xml version='1.0'?>":                   false,
		"<health>UP</health>":                     false,
		"<!-- only a comment -->":                 false,
		"a < b":                                   false,
	} {
		v := health.Read(answered(200, body))
		if v.Page != page || v.Word != health.NoWord {
			t.Errorf("%.60q: %s", body, summary(v))
		}
	}
}

// TestTexts has the lines of text the tables of dialects do not have; the first
// ones passed unread once, though they say that something is wrong.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{200, "status: DOWN", "text ill (status: DOWN)"},
		{200, "Service down", "text ill (Service down)"},
		{200, "health: degraded", "text warn (health: degraded)"},
		{200, "DOWN\ndb: connection refused\nmore", "text ill (db: connection refused)"},
		{200, "Degraded\r\n\r\nslow disk\r\n", "text warn (slow disk)"},
		{200, `{"success":false,"message":"db gone"}`, "error unknown (db gone)"},
		{200, `{"success":false}`, "error unknown (success is false)"},
		{200, `{"error":true}`, "error unknown (error is true)"},
		{200, `{"success":true}`, "- none"},
		{200, `{"success":false,"status":"UP"}`, "status well"},
		{503, "Service Unavailable", "- none (Service Unavailable)"},
		{504, "Gateway Timeout\n", "- none (Gateway Timeout)"},
		{200, "Service Unavailable", "text ill (Service Unavailable)"},
		{503, "status: starting", "text unknown starting (status: starting)"},
		{200, "status: UP", "text well"},
		{200, "All systems are operational", "- none"},
		{200, "everything is ok", "text well"},
		{200, "everything is not ok", "text ill (everything is not ok)"},
		{200, "I am alive", "text well"},
		{200, "they are degraded", "text warn (they are degraded)"},
		{200, "no error", "- none"},
		{200, "No errors", "- none"},
		{200, "UP\nbuild 17", "- none"},
		{200, "it is what it is", "- none"},
		{200, strings.Repeat("is ", 11) + "ok", "- none"},
		{200, "ok.", "text well"},
		{200, "'ok'", "text well"},
		{200, "\"ok\\u0000\"", "- none"},
		{200, "1", "- none"},
		{200, "A(): OK\nno colon", "- none"},
		{200, strings.Repeat("A(): OK\n", 600), "- none"},
	} {
		if got := summary(health.Read(answered(c.status, c.body))); got != c.want {
			t.Errorf("%d %.80q: %s\nwant: %s", c.status, c.body, got, c.want)
		}
	}
}

// TestCutBodies cuts well-formed bodies everywhere. What is left is never read
// as better than the whole, and where it was we who cut, it is not held against
// the service.
func TestCutBodies(t *testing.T) {
	for _, body := range []string{
		`{"status":"DOWN","components":{"db":{"status":"UP"},"mq":{"status":"DOWN"}}}`,
		`{"db":{"healthy":true},"mq":{"healthy":false}}`,
		`[{"name":"a","healthy":false,"critical":true},{"name":"b","healthy":true,"critical":true}]`,
	} {
		for n := 1; n < len(body); n++ {
			a := answered(200, body[:n])
			v := health.Read(a)
			if !v.Unreadable || v.Word != health.NoWord {
				t.Fatalf("%s: %s", body[:n], summary(v))
			}
			a.Cut = true
			if d := probe.Decide(a, v, true, false); d.Outcome != probe.Unknown || d.Reason != probe.ReasonBody || d.Bare {
				t.Fatalf("%s, cut by us: %+v", body[:n], d)
			}
		}
	}
	lines := "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nreadyz check failed"
	for n := len("[+]ping ok"); n < len(lines); n++ {
		if v := health.Read(answered(500, lines[:n])); v.Dialect != "kubernetes" || n > strings.Index(lines, "[-]etcd failed") && v.Word != health.Ill && n > len("[+]ping ok\n[+]log ok\n[-") {
			t.Fatalf("%q: %s", lines[:n], summary(v))
		}
	}
}

// TestLargeBodies: a MiB made to be slow to read is read in bounded time. The
// limit is a hundred times what it takes, so that only another order of growth
// can reach it.
func TestLargeBodies(t *testing.T) {
	const size = 1 << 20
	fill := func(before, item, after string) string {
		return before + strings.Repeat(item, (size-len(before)-len(after))/len(item)) + after
	}
	for what, body := range map[string]string{
		"blanks":              fill("", " ", "{"),
		"a word and blanks":   fill("OK", " ", ""),
		"lines":               fill("", "A(): OK\n", ""),
		"checks":              fill("", "[+]a ok\n", ""),
		"empty objects":       fill("[", "{},", "{}]"),
		"flags":               fill("[", `{"ok":true},`, `{"ok":true}]`),
		"members":             fill(`{"status":"UP","components":{`, `"a":{"status":"UP"},`, `"b":{}}}`),
		"arrays in arrays":    fill("", "[", ""),
		"objects in objects":  fill("", `{"details":`, ""),
		"nested and closed":   strings.Repeat(`{"status":"UP","details":{"a":`, 9000) + `{"status":"UP"}` + strings.Repeat("}}", 9000),
		"control characters":  fill(`{"status":"UP","x":"`, "\x01", `"}`),
		"escapes":             fill(`{"status":"DOWN","error":"`, `\u001b`, `"}`),
		"comments":            fill("", "<!-- -->", "<html>"),
		"an open comment":     fill("<!--", "-", ""),
		"an open declaration": fill("<?xml", "?", ""),
		"metrics":             fill("", "x_overall_status 2\n", ""),
		"zeros":               fill("", "\x00", ""),
		"UTF-16":              fill("", "{\x00", ""),
		"one long word":       fill("", "up", ""),
		"nots":                fill("", "not ", "ready"),
	} {
		began := time.Now()
		mustHold(t, answered(200, body))
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: %v", what, took)
		} else if testing.Verbose() {
			t.Logf("%s: %v", what, took)
		}
	}
}
