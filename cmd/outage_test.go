package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/embedded"
)

// lines is a stream that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func newLines() *lines { return &lines{news: make(chan struct{}, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	select {
	case l.news <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait waits until so is true of what was written.
func (l *lines) wait(t *testing.T, what string, so func(text string) bool) {
	t.Helper()
	over := time.After(30 * time.Second)
	for !so(l.String()) {
		select {
		case <-l.news:
		case <-over:
			t.Fatalf("never %s:\n%s", what, l.String())
		}
	}
}

// event is what this test reads of a line of watch -o jsonl.
type event struct {
	Event    string
	Source   string
	Service  string
	Instance string
	Status   string
}

func events(t *testing.T, text string) []event {
	t.Helper()
	var all []event
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			break // not whole yet
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

func has(all []event, want event) bool {
	for _, e := range all {
		if e.Event == want.Event && (want.Instance == "" || e.Instance == want.Instance) && (want.Source == "" || e.Source == want.Source) {
			return true
		}
	}
	return false
}

// TestWatchOutlivesItsRegistry: a real etcd dies in the middle of watch and
// comes back on the same port with its data. The last set is kept, nothing is
// called gone, and what happens afterwards is told right.
func TestWatchOutlivesItsRegistry(t *testing.T) {
	dir := t.TempDir()
	server, err := embedded.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	addr := server.Addr()
	register := func(id string) {
		t.Helper()
		if code, out, errs := run(t, "register", "payment", serve(t, "up"), "--id", id, "--registry", "etcd://"+addr, "--yes"); code != 0 {
			t.Fatalf("register ended with %d: %s%s", code, out, errs)
		}
	}
	register("payment-1")
	register("payment-2")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errs, end := background(ctx, "watch", "-o", "jsonl", "--attempts", "1", "--interval", "100ms", "--registry", "etcd://"+addr)
	held, _, heldEnd := background(ctx, "instances", "-w", "-o", "json", "--interval", "100ms", "--registry", "etcd://"+addr)
	sees := func(want event) {
		t.Helper()
		out.wait(t, "seen: "+want.Event+" "+want.Instance, func(text string) bool { return has(events(t, text), want) })
	}
	errs.wait(t, "begun", func(text string) bool { return strings.Contains(text, "watching 2 instances of 1 service") })

	server.Close()
	sees(event{Event: "source_lost", Source: "etcd"})
	held.wait(t, "shown with its age", func(text string) bool {
		d := newest(t, text)
		return len(d.Items) == 2 && len(d.Errors) == 1 && len(d.Sources) == 1 && d.Sources[0].AgeSeconds > 0.1
	})
	server, err = embedded.StartAt(t.Context(), dir, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	sees(event{Event: "source_back", Source: "etcd"})
	for _, e := range events(t, out.String()) {
		if e.Event != "source_lost" && e.Event != "source_back" {
			t.Errorf("told %+v while the registry was away", e)
		}
	}

	register("payment-3")
	sees(event{Event: "instance_new", Instance: "payment-3"})
	if code, text, words := run(t, "deregister", "payment/payment-1", "--observe", "0s", "--registry", "etcd://"+addr, "--yes"); code != 0 {
		t.Fatalf("deregister ended with %d: %s%s", code, text, words)
	}
	sees(event{Event: "instance_gone", Instance: "payment-1"})
	if all := events(t, out.String()); has(all, event{Event: "instance_gone", Instance: "payment-2"}) {
		t.Errorf("told that payment-2 is gone, which it never was: %+v", all)
	}
	stop()
	<-end
	<-heldEnd
}

// background runs a command line in this process until ctx ends.
func background(ctx context.Context, args ...string) (out, errs *lines, end <-chan int) {
	out, errs = newLines(), newLines()
	io, _, _ := term.Test("")
	io.Out, io.Err = out, errs
	done := make(chan int, 1)
	go func() { done <- cmd.Run(ctx, args, io, func(string) string { return "" }) }()
	return out, errs, done
}

// document is what this test reads of a document of instances -o json.
type document struct {
	Items   []event
	Errors  []any
	Sources []struct{ AgeSeconds float64 }
}

// newest is the last whole document of a stream of them.
func newest(t *testing.T, text string) document {
	t.Helper()
	var d document
	text = text[:strings.LastIndexByte(text, '\n')+1]
	at := strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n') + 1
	if at == len(text) {
		return d
	}
	if err := json.Unmarshal([]byte(text[at:]), &d); err != nil {
		t.Fatalf("%q: %v", text[at:], err)
	}
	return d
}
