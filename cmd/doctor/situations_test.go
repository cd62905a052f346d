package doctor_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
)

// situation is a real one on loopback, and what doctor has to make of it.
type situation struct {
	name     string
	registry string // its URL; empty: an inventory of payment-1 at address
	address  string
	labels   string // of the instance, as YAML: {scheme: https}
	args     string
	code     app.Code
	steps    string // STEP=RESULT(REASON), in order
	words    string
	next     string // empty: nothing is left to do
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<!doctype html><html><body>Welcome</body></html>")
}

// overHTTP are situations of a process that listens and speaks HTTP, or not.
func overHTTP(t *testing.T, well string) []situation {
	return []situation{
		{
			name: "all well", address: well,
			steps: "registry=ok address=ok tcp=ok http=ok metrics=skipped(not_found)", words: "Nothing is wrong with it, seen from here.",
		},
		{
			name: "refused", address: cmdtest.Closed(t), code: app.NotWell,
			steps: "registry=ok address=ok tcp=failed(refused)", words: "Nothing listens there", next: "midwatch deregister payment/payment-1",
		},
		{
			name: "hangs", address: cmdtest.Raw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), code: app.NotWell,
			steps: "registry=ok address=ok tcp=ok http=failed(timeout) metrics=skipped", words: "stuck or starved, not gone", next: "midwatch check payment --instance payment-1 --explain",
		},
		{
			name: "hangs up", address: cmdtest.Raw(t, hangUp), code: app.NotWell, args: "--probe http",
			steps: "registry=ok address=ok tcp=ok http=failed(closed) metrics=skipped", words: "takes the connection and hangs up", next: "look at its log",
		},
		{
			name: "says so itself", code: app.NotWell,
			address: cmdtest.Handler(t, health(http.StatusServiceUnavailable, "application/json", `{"status":"DOWN","components":{"db":{"status":"DOWN"},"disk":{"status":"UP"}}}`)),
			steps:   "registry=ok address=ok tcp=ok http=failed(reported) metrics=skipped(not_found)", words: "says itself that it is not well", next: "shows its components",
		},
		{
			name: "an error without a word", code: app.NotWell, address: cmdtest.Handler(t, health(http.StatusInternalServerError, "text/plain", "oops")), labels: "{health_path: /health}",
			steps: "registry=ok address=ok tcp=ok http=failed(status) metrics=skipped(not_found)", words: "says itself that it is not well", next: "--explain",
		},
		{
			name: "wants credentials", code: app.CannotSay, address: cmdtest.Handler(t, health(http.StatusUnauthorized, "text/plain", "who are you?")),
			steps: "registry=ok address=ok tcp=ok http=failed(auth) metrics=skipped(not_found)", words: "wants credentials", next: "set auth in the profile of payment",
		},
		{
			name: "404 everywhere", code: app.CannotSay, address: cmdtest.Handler(t, http.NotFound), args: "--health-path /health",
			steps: "registry=ok address=ok tcp=ok http=failed(not_found) metrics=skipped(not_found)", words: "not to a question about its health", next: "set health_path in its metadata",
		},
		{
			name: "a page for people", code: app.CannotSay, address: cmdtest.Handler(t, page),
			steps: "registry=ok address=ok tcp=ok http=failed(page) metrics=skipped(page)", words: "not to a question about its health", next: "set health_path",
		},
		{
			name: "answers everything alike", code: app.CannotSay, address: cmdtest.Handler(t, func(http.ResponseWriter, *http.Request) {}),
			steps: "registry=ok address=ok tcp=ok http=failed(alike) metrics=skipped(body)", words: "not to a question about its health", next: "set health_path",
		},
		{
			name: "sends elsewhere", code: app.CannotSay, address: cmdtest.Handler(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://login.example/", http.StatusFound)
			}), labels: "{health_path: /health}",
			steps: "registry=ok address=ok tcp=ok http=failed(redirect) metrics=skipped(redirect)", words: "not to a question about its health", next: "set health_path",
		},
		{
			name: "starting", code: app.CannotSay, address: cmdtest.Handler(t, health(http.StatusServiceUnavailable, "application/json", `{"status":"STARTING"}`)),
			steps: "registry=ok address=ok tcp=ok http=failed(starting) metrics=skipped(not_found)", words: "still starting", next: "midwatch wait payment --for up",
		},
		{
			name: "leaving by its own word", address: cmdtest.Handler(t, health(http.StatusServiceUnavailable, "application/json", `{"status":"OUT_OF_SERVICE"}`)),
			steps: "registry=ok address=ok tcp=ok http=failed(draining) metrics=skipped(not_found)", words: "It is in maintenance: it says that it is leaving. That is no failure.",
		},
		{
			name: "slow", args: "--slow 1ns", address: well,
			steps: "registry=ok address=ok tcp=warning(slow) http=warning(slow) metrics=skipped(not_found)", words: "It answers, and is degraded: ",
		},
		{
			name: "too many requests", address: cmdtest.Handler(t, health(http.StatusTooManyRequests, "text/plain", "later")), labels: "{health_path: /health}",
			steps: "registry=ok address=ok tcp=ok http=warning(limited) metrics=skipped(not_found)", words: "It answers, and is degraded: ",
		},
	}
}

// onTheWay are situations of names, TLS and other protocols.
func onTheWay(t *testing.T, dir, well string) []situation {
	ca := newAuthority(t)
	write(t, filepath.Join(dir, "config", "midwatch", "midwatch.yaml"), "profiles:\n  private: {tls: {ca: "+write(t, filepath.Join(dir, "ca.pem"), ca.pem)+"}}\n")
	day := 24 * time.Hour
	return []situation{
		{
			name: "TLS, well", address: ca.serve(t, time.Now().Add(300*day)), labels: "{scheme: https, profile: private}",
			steps: "registry=ok address=ok tcp=ok tls=ok http=ok metrics=skipped(not_found)", words: "Nothing is wrong with it",
		},
		{
			name: "certificate expired", code: app.NotWell, address: ca.serve(t, time.Now().Add(-2*day)), labels: "{scheme: https, profile: private}",
			steps: "registry=ok address=ok tcp=ok tls=failed(certificate)", words: "Its certificate is not good", next: "renew the certificate",
		},
		{
			name: "authority unknown", code: app.CannotSay, address: ca.serve(t, time.Now().Add(300*day)), labels: "{scheme: https}",
			steps: "registry=ok address=ok tcp=ok tls=failed(untrusted_ca)", words: "an authority that is not trusted here", next: "tls.ca in the profile",
		},
		{
			name: "TLS spoken to plain", code: app.CannotSay, address: well, labels: "{scheme: https}",
			steps: "registry=ok address=ok tcp=ok tls=failed(wrong_scheme)", words: "TLS and plain are mixed up", next: "set scheme in the profile",
		},
		{
			name: "plain spoken to TLS", code: app.CannotSay, address: ca.serve(t, time.Now().Add(300*day)), labels: "{health_path: /health}",
			steps: "registry=ok address=ok tcp=ok http=failed(wrong_scheme) metrics=skipped", words: "TLS and plain are mixed up", next: "set scheme",
		},
		{
			name: "another protocol", code: app.CannotSay, labels: "{health_path: /health}",
			address: cmdtest.Raw(t, func(c net.Conn) {
				_, _ = io.WriteString(c, "220 mail.example ESMTP\r\n")
				_, _ = io.Copy(io.Discard, c)
			}),
			steps: "registry=ok address=ok tcp=ok http=failed(protocol) metrics=skipped", words: "Something else than the expected protocol", next: "set probe or ports",
		},
		{
			name: "only its port was asked for", address: well, args: "--probe tcp",
			steps: "registry=ok address=ok tcp=ok tcp=ok metrics=skipped", words: "Nothing is wrong with it",
		},
		{
			name: "a name that resolves", address: strings.Replace(well, "127.0.0.1", "localhost", 1),
			steps: "registry=ok dns=ok tcp=ok http=ok metrics=skipped(not_found)", words: "Nothing is wrong with it",
		},
		{
			name: "a name that does not", code: app.CannotSay, address: "payment.-nowhere:80", // no resolver is asked for such a name
			steps: "registry=ok dns=failed(resolve)", words: "The name does not resolve from here.", next: "DNS the fleet uses",
		},
	}
}

// ofRegistries are situations in which the registry has a word of its own.
func ofRegistries(t *testing.T, well string) []situation {
	return []situation{
		{
			name: "in maintenance", registry: claims(t, well, "maintenance"),
			steps: "registry=warning address=ok tcp=ok http=ok metrics=skipped(not_found)", words: "It is in maintenance: the registry has it in maintenance: moving house. That is no failure.",
		},
		{
			name: "in maintenance, and its process is gone", registry: claims(t, cmdtest.Closed(t), "maintenance"),
			steps: "registry=warning address=ok tcp=failed(refused)", words: "It is in maintenance: ",
		},
		{
			name: "claimed down, and well", registry: claims(t, well, "critical"),
			steps: "registry=warning address=ok tcp=ok http=ok metrics=skipped(not_found)", words: "It answers, and is degraded: it answers well, the registry would not send it calls",
		},
		{
			name: "claimed down, and asking settles nothing", code: app.NotWell, registry: claims(t, cmdtest.Handler(t, http.NotFound), "critical"), args: "--health-path /health",
			steps: "registry=warning address=ok tcp=ok http=failed(not_found) metrics=skipped(not_found)", words: "not to a question about its health", next: "set health_path",
		},
		{
			name: "nothing of a source answers that calls it well", code: app.CannotSay, registry: claims(t, cmdtest.Closed(t), "passing", "passing"),
			steps: "registry=ok address=ok tcp=failed(refused)", words: "Nothing of its source answers from here: none of 2 answered from here", next: "from inside the fleet's network",
		},
		{
			name: "dead registry", code: app.CannotSay, registry: "etcd://" + cmdtest.Closed(t),
			steps: "registry=failed(refused)", words: "The registry cannot be read", next: "?",
		},
	}
}

// TestDoctor walks every situation in text and in JSON: the steps, what they
// mean, what to do next, and one code for all forms.
func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	well := cmdtest.Handler(t, health(http.StatusOK, "application/json", `{"status":"UP"}`))
	all := append(append(overHTTP(t, well), onTheWay(t, dir, well)...), ofRegistries(t, well)...)
	for i, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if c.registry == "" {
				labels := ""
				if c.labels != "" {
					labels = ", labels: " + c.labels
				}
				c.registry = "file://" + write(t, filepath.Join(dir, fmt.Sprintf("%d.yaml", i)),
					fmt.Sprintf("services:\n  - name: payment\n    instances:\n      - {id: payment-1, address: %q%s}\n", c.address, labels))
			}
			args := append([]string{"payment", "--registry", c.registry}, strings.Fields(c.args)...)
			screen := run(t, dir, true, args...)
			table := run(t, dir, false, args...)
			doc := run(t, dir, true, append(args, "-o", "json")...)
			for form, a := range map[string]answer{"screen": screen, "table": table, "json": doc} {
				if a.code != c.code {
					t.Errorf("%s: code %d, want %d\n%s%s", form, a.code, c.code, a.out, a.errs)
				}
			}
			all, failures := steps(t, doc)
			var got []string
			for _, s := range all {
				text := s.Step + "=" + s.Result
				if s.Reason != "" {
					text += "(" + s.Reason + ")"
				}
				got = append(got, text)
			}
			if strings.Join(got, " ") != c.steps {
				t.Fatalf("steps %v\nwant  %s\n%s", got, c.steps, screen.out)
			}
			if (len(failures) > 0) != (c.name == "dead registry") {
				t.Errorf("errors of sources: %v", failures)
			}
			last := all[len(all)-1]
			if last.Step == "metrics" {
				last = all[len(all)-2] // they have hints of their own, and are not why somebody came
			}
			c.holds(t, screen.out, last.Hint)
			if !strings.Contains(table.errs, c.words) || strings.Count(table.out, "\n") != len(all)+1 {
				t.Errorf("off a terminal: %q, and %q beside it", table.out, table.errs)
			}
		})
	}
}

// holds holds the screen against what has to stand there.
func (c *situation) holds(t *testing.T, screen, hint string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
	for i, text := range strings.Fields(c.steps) {
		name, result, _ := strings.Cut(text, "=")
		result, _, _ = strings.Cut(result, "(")
		sign := map[string]string{"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}[result]
		if want := fmt.Sprintf("  %s %-11s ", sign, name); !strings.HasPrefix(lines[i+1], want) || len(lines[i+1]) == len(want) {
			t.Errorf("line %d is %q, want %q and why", i+1, lines[i+1], want)
		}
	}
	after := strings.Join(lines[len(strings.Fields(c.steps))+1:], "\n")
	if !strings.Contains(after, c.words) {
		t.Errorf("says %q, want %q", after, c.words)
	}
	_, next, found := strings.Cut(after, "\n  next: ")
	if found != (c.next != "") || !strings.Contains(next, c.next) || hint != next {
		t.Errorf("next is %q, in JSON %q, want %q", next, hint, c.next)
	}
}

// TestSilentRegistryBesideAnInstance: what is known is said, and that there
// may be more; a certain failure beats the doubt.
func TestSilentRegistryBesideAnInstance(t *testing.T) {
	dir := t.TempDir()
	url := "file://" + write(t, filepath.Join(dir, "fleet.yaml"), fmt.Sprintf("services:\n  - {name: payment, instances: [{id: payment-1, address: %q}, {id: payment-2, address: %q}]}\n",
		cmdtest.Handler(t, health(http.StatusOK, "application/json", `{"status":"UP"}`)), cmdtest.Closed(t)))
	silent := "etcd://" + cmdtest.Closed(t)
	for args, want := range map[string]struct {
		code  app.Code
		words string
	}{
		"payment --instance payment-1": {app.CannotSay, "Nothing is wrong with it, seen from here. A registry did not answer: there may be more of it."},
		"payment":                      {app.NotWell, "Nothing listens there"},
		"paymnt":                       {app.CannotSay, "The registry cannot be read, so nothing is known of the service."},
	} {
		a := run(t, dir, true, append(strings.Fields(args), "--registry", url, "--registry", silent)...)
		if a.code != want.code || !strings.Contains(a.out, want.words) || !strings.Contains(a.out, "✗ registry    etcd: ") {
			t.Errorf("%s: code %d, want %d\n%s", args, a.code, want.code, a.out)
		}
	}
}

// TestScreenIsClean: whole, as a person sees it, and never what a service would
// like the terminal to obey.
func TestScreenIsClean(t *testing.T) {
	dir := t.TempDir()
	addr := cmdtest.Closed(t)
	url := "file://" + write(t, filepath.Join(dir, "fleet.yaml"), fmt.Sprintf("services:\n  - {name: payment, instances: [{id: payment-2, address: %q}]}\n", addr))
	got := run(t, dir, true, "payment", "--registry", url)
	want := "  payment/payment-2 in file (" + url + ")\n" +
		"  ✓ registry    its entry is there\n" +
		"  ✓ address     " + addr + " is literal\n" +
		"  ✗ tcp         connection refused\n" +
		"  Nothing listens there: the process is gone, or listens elsewhere.\n" +
		"  next: restart it, or take its entry out: midwatch deregister payment/payment-2\n"
	if got.out != want || got.errs != "" {
		t.Errorf("got\n%swant\n%s%s", got.out, want, got.errs)
	}
	if plain := run(t, dir, true, "payment", "--registry", url, "--ascii").out; regexp.MustCompile(`[^ -~\n]`).MatchString(plain) {
		t.Errorf("in ASCII:\n%s", plain)
	}
	if quiet := run(t, dir, true, "payment", "--registry", url, "-q"); quiet.out+quiet.errs != "" || quiet.code != app.NotWell {
		t.Errorf("quietly: %+v", quiet)
	}
	hostile := cmdtest.Handler(t, health(http.StatusServiceUnavailable, "application/json", `{"status":"DOWN","components":{"\u001b[2J::error::x":{"status":"DOWN"}}}`))
	url = "file://" + write(t, filepath.Join(dir, "targets.json"), fmt.Sprintf(`[{"targets": [%q], "labels": {"service": "pay"}}]`, hostile))
	for _, tty := range []bool{true, false} {
		a := run(t, dir, tty, "pay", "--registry", url)
		if strings.ContainsRune(a.out+a.errs, '\x1b') || a.code != app.NotWell {
			t.Errorf("code %d, %q %q", a.code, a.out, a.errs)
		}
	}
}

// hangUp reads the question and closes: what is closed unread is reset by the
// kernel, which is another situation.
func hangUp(c net.Conn) {
	buffer := make([]byte, 4096)
	for asked := ""; !strings.Contains(asked, "\r\n\r\n"); {
		n, err := c.Read(buffer)
		asked += string(buffer[:n])
		if err != nil {
			break
		}
	}
	_ = c.Close()
}
