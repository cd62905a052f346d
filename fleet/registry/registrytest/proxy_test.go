package registrytest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/fleet/registry/registrytest"
)

// echo starts a server that answers each line with itself, ten times over.
func echo(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
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
			go func() {
				defer func() { _ = c.Close() }()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					_, _ = io.WriteString(c, strings.Repeat(lines.Text(), 10)+"\n")
				}
			}()
		}
	}()
	return l.Addr().String()
}

// ask asks once over a new connection.
func ask(t *testing.T, addr string, within time.Duration) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	return exchange(c, within)
}

func exchange(c net.Conn, within time.Duration) (string, error) {
	_ = c.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(c).ReadString('\n')
}

func TestProxy(t *testing.T) {
	const whole = "hellohellohellohellohellohellohellohellohellohello\n"
	p := registrytest.NewProxy(t, echo(t))
	well := func(when string) {
		t.Helper()
		if got, err := ask(t, p.Addr(), 5*time.Second); got != whole || err != nil {
			t.Fatalf("%s: got %q, %v", when, got, err)
		}
	}
	well("at the start")
	old, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	if got, err := exchange(old, 5*time.Second); got != whole {
		t.Fatal(got, err)
	}
	for _, c := range []struct {
		how  registrytest.Fault
		want func(got string, err error) bool
	}{
		{registrytest.Hang, func(got string, err error) bool { return got == "" && errors.Is(err, os.ErrDeadlineExceeded) }},
		{registrytest.Refuse, func(got string, err error) bool {
			return got == "" && err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
		}},
		{registrytest.HalfAnswer, func(got string, err error) bool {
			return got != "" && got != whole && strings.HasPrefix(whole, got) && err != nil
		}},
		{registrytest.Garbage, func(got string, err error) bool { return strings.Contains(got, "nobody can read") }},
	} {
		heal := p.Break(t, c.how)
		if got, err := ask(t, p.Addr(), 300*time.Millisecond); !c.want(got, err) {
			t.Errorf("%s: got %q, %v", c.how, got, err)
		}
		if got, err := exchange(old, 300*time.Millisecond); err == nil {
			t.Errorf("%s: a connection that was open answers %q", c.how, got)
		}
		heal()
		well("after " + string(c.how))
	}
	heal := p.Break(t, registrytest.HalfCalls)
	failed := 0
	for range 6 {
		if _, err := ask(t, p.Addr(), 5*time.Second); err != nil {
			failed++
		}
	}
	heal()
	if failed != 3 {
		t.Errorf("%d of 6 calls failed, want half of them", failed)
	}
}

// fakeT notes how a test ends.
type fakeT struct {
	testing.TB
	skipped, failed string
}

func (f *fakeT) Helper()                           {}
func (f *fakeT) Skipf(_ string, args ...any)       { f.skipped, _ = args[1].(string) }
func (f *fakeT) Fatalf(format string, args ...any) { f.failed = format; panic(f) }

func TestMissing(t *testing.T) {
	for list, fails := range map[string]bool{"": false, "registry/consul": false, "registry/etcd2": false, "registry/etcd": true, "probe, registry/etcd ,x": true} {
		t.Setenv(registrytest.MustRunVariable, list)
		f := &fakeT{}
		func() {
			defer func() { _ = recover() }()
			registrytest.Missing(f, "registry/etcd", "no binary")
		}()
		if (f.failed != "") != fails || (f.skipped == "no binary") == fails {
			t.Errorf("%q: failed %q, skipped %q", list, f.failed, f.skipped)
		}
	}
}

func TestEventually(t *testing.T) {
	n := 0
	registrytest.Eventually(t, 5*time.Second, "three", func() bool { n++; return n == 3 })
	f := &fakeT{}
	func() {
		defer func() { _ = recover() }()
		registrytest.Eventually(f, 30*time.Millisecond, "never", func() bool { return false })
	}()
	if f.failed == "" {
		t.Error("what never came to be passed")
	}
}
