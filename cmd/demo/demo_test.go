package demo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/cmd/cmdtest"
	"github.com/midwatch-cli/midwatch/cmd/demo"
)

// told is a runner that only takes down what it was told to run.
type told struct {
	args []string
	look func(ctx context.Context, registry string) // while the fleet is there
	err  error
}

func (r *told) run(ctx context.Context, args []string) error {
	r.args = args
	if r.look != nil {
		r.look(ctx, registryOf(args))
	}
	return r.err
}

// registryOf is the URL a command line names.
func registryOf(args []string) string {
	at := slices.Index(args, "--registry")
	if at < 0 || at+1 >= len(args) {
		return ""
	}
	_, url, _ := strings.Cut(args[at+1], "=")
	return url
}

func command(r *told, prepare func(*app.App)) cmdtest.Command {
	return cmdtest.Command{New: func(a *app.App) *cobra.Command { return demo.New(a, r.run) }, Prepare: prepare}
}

func TestCommandAgainstTheFleet(t *testing.T) {
	want := app.Ended{Code: app.NotWell}
	r := &told{err: want}
	got := command(r, nil).Run(t, "--", "check", "-o", "json")
	if !errors.Is(got.Err, want) {
		t.Errorf("ended with %v, want the command's own end", got.Err)
	}
	if !slices.Equal(r.args[:3], []string{"check", "-o", "json"}) || !strings.HasPrefix(registryOf(r.args), "etcd://127.0.0.1:") {
		t.Errorf("ran %q", r.args)
	}
}

// TestWhatItShows: one pass without a terminal, the dashboard on one, and a
// redrawn table on one that cannot draw it.
func TestWhatItShows(t *testing.T) {
	for _, tt := range []struct {
		tty, dumb bool
		want      string
	}{{false, false, "check -o wide"}, {true, true, "check -o wide -w"}, {true, false, "top"}} {
		r := &told{}
		got := command(r, func(a *app.App) { a.IO.OutTTY, a.IO.Dumb = tt.tty, tt.dumb }).Run(t)
		if ran := strings.Join(r.args, " "); got.Err != nil || !strings.HasPrefix(ran, tt.want) || strings.Contains(ran, " -w") != tt.dumb {
			t.Errorf("%+v: ended with %v, ran %q", tt, got.Err, ran)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ fault, says string }{
		{"payment", "want"},
		{"payment:wobble", "wobble"},
		{"payment:errors=140%", "140"},
		{"payment:errors=some", "some"},
		{"payment:latency=soon", "soon"},
		{"payment#9:hang", "payment"},
		{"nosuch:hang", "nosuch"},
	} {
		r := &told{}
		got := command(r, nil).Run(t, "--fault", tt.fault)
		if got.Code() != app.Usage || !strings.Contains(got.Err.Error(), tt.says) || r.args != nil {
			t.Errorf("%s: ended with %d, %v, ran %q", tt.fault, got.Code(), got.Err, r.args)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	r := &told{}
	for args, says := range map[string]string{
		"check":           "behind --",
		"check -- check":  "behind --",
		"--keep -- check": "exclude each other",
	} {
		got := command(r, nil).Run(t, strings.Fields(args)...)
		if got.Code() != app.Usage || !strings.Contains(got.Err.Error(), says) {
			t.Errorf("%s: ended with %d, %v", args, got.Code(), got.Err)
		}
	}
	if r.args != nil {
		t.Errorf("ran %q", r.args)
	}
}

// TestKept: it stays, says where it is, and takes faults while it runs.
func TestKept(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	words, errs := io.Pipe()
	c := command(&told{}, func(a *app.App) { a.IO.Out, a.IO.Err = in, errs })
	c.Context = ctx
	done := make(chan cmdtest.Result, 1)
	go func() {
		r := c.Run(t, "--keep")
		_ = in.Close()
		_ = errs.Close()
		done <- r
	}()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "etcd://127.0.0.1:") {
		t.Fatalf("wrote %q, %v", line[:n], err)
	}
	said := read(words, "Ctrl-C ends it")
	// The line is there to be copied: its body and its address must work.
	found := regexp.MustCompile(`curl .*-d '([^']+)' '?(http://127\.0\.0\.1:[^'\s]+)`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("says no address for faults: %q", said)
	}
	url := found[2]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Errorf("POST %s: %s", url, resp.Status)
	}
	stop()
	go func() { _, _ = io.Copy(io.Discard, words) }()
	select {
	case r := <-done:
		if r.Err == nil {
			t.Error("a cancelled demo ended well")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("does not end")
	}
}

// read reads until a text was seen.
func read(from io.Reader, until string) string {
	var text strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(text.String(), until) {
		n, err := from.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	return text.String()
}

// TestEndsWithTheCommand: what was started is gone afterwards.
func TestEndsWithTheCommand(t *testing.T) {
	var url string
	r := &told{look: func(_ context.Context, registry string) { url = registry }}
	if got := command(r, nil).Run(t, "--", "check"); got.Err != nil {
		t.Fatal(got.Err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(url, "etcd")+"/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Errorf("%s still answers", url)
	}
}

// TestJournalOfItsOwn: what a command writes down against the demo's fleet goes with
// the fleet, and is nothing that anybody is reminded of later.
func TestJournalOfItsOwn(t *testing.T) {
	var dir string
	var of *app.App
	run := func(context.Context, []string) error {
		dir = of.Getenv("XDG_STATE_HOME")
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info, err)
		}
		return os.WriteFile(filepath.Join(dir, "journal"), nil, 0o600)
	}
	r := cmdtest.Command{New: func(a *app.App) *cobra.Command { of = a; return demo.New(a, run) }}.Run(t, "--", "breakers")
	if _, err := os.Stat(dir); r.Err != nil || dir == "" || err == nil {
		t.Errorf("%v; %s is there", r.Err, dir)
	}
	if now := of.Getenv("XDG_STATE_HOME"); now == dir || now == "" {
		t.Errorf("the state folder is %s afterwards", now)
	}
}
