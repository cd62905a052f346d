package doctor_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/doctor"
)

// speaks takes connections, says something and hangs up.
func speaks(t *testing.T, words string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, words)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func secure(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// TestMeaning: what each end of the way means, and what to do next.
func TestMeaning(t *testing.T) {
	for _, tt := range []struct {
		name  string
		addr  string
		args  string
		code  app.Code
		step  string // the last one
		words string
		next  string
	}{
		{"well", cmdtest.Up(t), "", app.OK, "http", "Nothing is wrong with it, seen from here.", ""},
		{"refused", cmdtest.Closed(t), "", app.NotWell, "tcp", "Nothing listens there", "midwatch deregister pay/pay-1"},
		{"ill", cmdtest.Health(t, 503, `{"status":"DOWN"}`), "", app.NotWell, "http", "says itself that it is not well", "midwatch check pay --instance pay-1 --explain"},
		{"starting", cmdtest.Health(t, 503, `{"status":"STARTING"}`), "", app.CannotSay, "http", "still starting", "midwatch wait pay --for up"},
		{"denied", cmdtest.Health(t, 401, `{}`), "", app.CannotSay, "http", "wants credentials", "set auth in the profile of pay"},
		{"silent", cmdtest.Handler(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "--probe-timeout 100ms", app.NotWell, "http", "stuck or starved, not gone", "midwatch deregister pay/pay-1"},
		{"hangs up", speaks(t, ""), "", app.NotWell, "http", "takes the connection and hangs up", "look at its log"},
		{"another protocol", speaks(t, "SSH-2.0-x\r\n"), "--health-path /health", app.CannotSay, "http", "", "set probe or ports"},
		{"a page", cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><html></html>")
		}), "", app.CannotSay, "http", "not to a question about its health", "health_path"},
		{"TLS", secure(t), "--health-path /health", app.CannotSay, "http", "TLS and plain are mixed up", "set scheme"},
		{"no such path", cmdtest.Up(t), "--health-path /none", app.CannotSay, "http", "not to a question about its health", "health_path"},
		{"no name", "no-such-host.invalid:80", "", app.CannotSay, "dns", "The name does not resolve from here.", "DNS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"pay", "--attempts", "1", "--registry", cmdtest.Inventory(t, "pay pay-1="+tt.addr)}, strings.Fields(tt.args)...)
			r := cmdtest.Command{New: doctor.New}.Run(t, args...)
			if r.Code() != tt.code {
				t.Errorf("ended with %d, want %d", r.Code(), tt.code)
			}
			lines := strings.Split(strings.TrimSpace(r.Out), "\n")
			lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "\tmetrics\t") }) // they say nothing of its health
			if cells := strings.Split(lines[len(lines)-1], "\t"); len(cells) < 2 || cells[1] != tt.step {
				t.Errorf("the last step is not %s", tt.step)
			}
			if !strings.Contains(r.Errs, tt.words) || tt.next != "" && !strings.Contains(r.Errs, "hint: ") || !strings.Contains(r.Errs, tt.next) {
				t.Errorf("want %q and %q", tt.words, tt.next)
			}
			if t.Failed() {
				t.Logf("%s%s", r.Out, r.Errs)
			}
		})
	}
}

// TestScreen is the diagnosis for people.
// TestClock: a clock that is off is said where it is off by more than the limit.
func TestClock(t *testing.T) {
	for off, want := range map[time.Duration]string{
		0: "", time.Second: "", -time.Hour: "its clock is 1h0m0s behind ours", time.Hour: "its clock is 1h0m0s ahead of ours",
	} {
		addr := cmdtest.Handler(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"status":"UP"}`)
		})
		r := cmdtest.Command{New: doctor.New}.Run(t, "pay", "--registry", cmdtest.Inventory(t, "pay pay-1="+addr))
		_, said, _ := strings.Cut(r.Out, "its clock is")
		said, _, _ = strings.Cut(said, "ours")
		said = strings.NewReplacer("59m59s", "1h0m0s", "1h0m1s", "1h0m0s").Replace(said) // a Date has whole seconds
		if got := "its clock is" + said + "ours"; (want == "") != (said == "") || want != "" && got != want {
			t.Errorf("off by %v: %q, want %q in\n%s", off, got, want, r.Out)
		}
	}
}

func TestScreen(t *testing.T) {
	url := cmdtest.Inventory(t, "pay pay-1="+cmdtest.Closed(t))
	for _, tt := range []struct {
		ascii bool
		want  []string
	}{
		{false, []string{"  pay/pay-1 in file (file://", "\n  ✓ registry    ", "\n  ✓ address     ", "\n  ✗ tcp         ", "\n  Nothing listens there", "\n  next: restart it"}},
		{true, []string{"\n  + registry    ", "\n  x tcp         "}},
	} {
		c := cmdtest.Command{New: doctor.New, Prepare: func(a *app.App) { a.IO.OutTTY, a.IO.ASCII = true, tt.ascii }}
		r := c.Run(t, "pay", "--attempts", "1", "--registry", url)
		for _, want := range tt.want {
			if !strings.Contains(r.Out, want) {
				t.Errorf("lacks %q:\n%s", want, r.Out)
			}
		}
		if r.Code() != app.NotWell {
			t.Errorf("ended with %d, want 1", r.Code())
		}
	}
}

// TestTakesTheWorst of the instances, or the one that is named.
func TestTakesTheWorst(t *testing.T) {
	up := cmdtest.Up(t)
	url := cmdtest.Inventory(t, "pay 1="+up+" 2="+cmdtest.Closed(t)+" 3="+cmdtest.Health(t, 401, "{}"))
	for args, want := range map[string]struct {
		code     app.Code
		instance string
	}{
		"":             {app.NotWell, "2"},
		"--instance 1": {app.OK, "1"},
		"--instance 3": {app.CannotSay, "3"},
	} {
		r := cmdtest.Command{New: doctor.New}.Run(t, append([]string{"pay", "--attempts", "1", "--no-headers", "--registry", url}, strings.Fields(args)...)...)
		if r.Code() != want.code {
			t.Errorf("%q: ended with %d, want %d", args, r.Code(), want.code)
		}
		for line := range strings.Lines(r.Out) {
			if !strings.HasPrefix(line, want.instance+"\t") {
				t.Errorf("%q: %q is not about instance %s", args, line, want.instance)
			}
		}
	}
}

// TestNobody: there is no instance to ask, for different reasons.
func TestNobody(t *testing.T) {
	url := cmdtest.Inventory(t, "pay 1=127.0.0.1:1", "idle")
	for _, tt := range []struct {
		args  []string
		code  app.Code
		out   string
		words string
	}{
		{[]string{"pya", "--registry", url}, app.CannotSay, "no such service: pya", "did you mean pay?"},
		{[]string{"zzzzz", "--registry", url}, app.CannotSay, "no such service: zzzzz", "midwatch services lists"},
		{[]string{"idle", "--registry", url}, app.NotWell, "idle is known and has no instances", "is it running"},
		{[]string{"pay", "--instance", "9", "--registry", url}, app.CannotSay, "no instance matches", "Nothing matched"},
		{[]string{"pay", "--registry", "etcd://" + cmdtest.Closed(t)}, app.CannotSay, "etcd: ", "The registry cannot be read"},
	} {
		r := cmdtest.Command{New: doctor.New}.Run(t, tt.args...)
		if r.Code() != tt.code || !strings.Contains(r.Out, tt.out) || !strings.Contains(r.Errs, tt.words) {
			t.Errorf("%v: ended with %d, want %d, %q and %q\n%s%s", tt.args, r.Code(), tt.code, tt.out, tt.words, r.Out, r.Errs)
		}
	}
	r := cmdtest.Command{New: doctor.New}.Run(t, "pay", "--attempts", "0", "--registry", url)
	if r.Code() != app.Usage {
		t.Errorf("--attempts 0: ended with %d, want 2", r.Code())
	}
}

// TestRefusesWhatIsNotToBeAsked: addresses that a registry must not send
// anybody to.
func TestRefusesWhatIsNotToBeAsked(t *testing.T) {
	r := cmdtest.Command{New: doctor.New}.Run(t, "pay", "--registry", cmdtest.Inventory(t, "pay 1=169.254.169.254:80"))
	if r.Code() != app.CannotSay || !strings.Contains(r.Out, "policy") || !strings.Contains(r.Errs, "midwatch refuses to ask") {
		t.Errorf("ended with %d\n%s%s", r.Code(), r.Out, r.Errs)
	}
}
