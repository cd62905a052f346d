package top_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/top"
	"github.com/midwatch-cli/midwatch/fleet"
)

// TestBrowser: which program opens addresses, and where none is looked for.
func TestBrowser(t *testing.T) {
	for env, want := range map[string]string{
		"":                                 "linux: | darwin: /bin/open %s",
		"DISPLAY=:0":                       "linux: /bin/xdg-open %s | darwin: /bin/open %s",
		"WAYLAND_DISPLAY=wayland-0":        "linux: /bin/xdg-open %s | darwin: /bin/open %s",
		"WSL_DISTRO_NAME=U DISPLAY=:0":     "linux: /bin/wslview %s | darwin: /bin/open %s",
		"BROWSER=firefox DISPLAY=:0":       "linux: /bin/firefox %s | darwin: /bin/firefox %s",
		"BROWSER=none:firefox":             "linux: /bin/firefox %s | darwin: /bin/firefox %s",
		"BROWSER=none DISPLAY=:0":          "linux: /bin/xdg-open %s | darwin: /bin/open %s",
		"BROWSER=::":                       "linux: | darwin: /bin/open %s",
		"BROWSER=firefox~--new-tab":        "linux: /bin/firefox --new-tab %s | darwin: /bin/firefox --new-tab %s",
		"BROWSER=firefox~--url=%s~-x":      "linux: /bin/firefox --url=%s -x | darwin: /bin/firefox --url=%s -x",
		"BROWSER=firefox SSH_CONNECTION=a": "linux: | darwin:",
		"DISPLAY=:0 SSH_TTY=/dev/pts/1":    "linux: | darwin:",
	} {
		known := map[string]string{}
		for pair := range strings.FieldsSeq(env) {
			name, value, _ := strings.Cut(pair, "=")
			known[name] = strings.ReplaceAll(value, "~", " ")
		}
		find := func(name string) (string, error) {
			if name == "none" {
				return "", errors.New("not found")
			}
			return "/bin/" + name, nil
		}
		var got []string
		for _, system := range []string{"linux", "darwin"} {
			line := top.Browser(func(name string) string { return known[name] }, system, find)
			got = append(got, strings.TrimSpace(system+": "+strings.Join(line, " ")))
		}
		if strings.Join(got, " | ") != want {
			t.Errorf("%s: %s, want %s", env, strings.Join(got, " | "), want)
		}
	}
}

// script is a program that writes what it is called with into a file.
func script(t *testing.T, does string) (path, wrote string) {
	t.Helper()
	dir := t.TempDir()
	path, wrote = filepath.Join(dir, "browser"), filepath.Join(dir, "wrote")
	text := fmt.Sprintf("#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done > %s\n%s\n", wrote, does)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return path, wrote
}

// TestBrowse: the address is one argument, whatever is in it, and no shell sees it.
func TestBrowse(t *testing.T) {
	path, wrote := script(t, "exit 0")
	const url = "https://x.example/?a=1&b=$(touch%20/tmp/x)`id`;c='d'"
	if err := top.Browse([]string{path, "--new", "%s"})(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(wrote); err != nil || string(data) != "--new\n"+url+"\n" {
		t.Errorf("it was called with %q, %v", data, err)
	}
}

// TestBrowseFails: one that ends badly is an error with what to do; one that stays
// open is none.
func TestBrowseFails(t *testing.T) {
	path, _ := script(t, "exit 3")
	err := top.Browse([]string{path, "%s"})(t.Context(), "https://x.example")
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(fleet.HintOf(err), "BROWSER") {
		t.Errorf("got %v", err)
	}
	if err := top.Browse([]string{path + "-none", "%s"})(t.Context(), "https://x.example"); err == nil || fleet.HintOf(err) == "" {
		t.Errorf("one that is not there: %v", err)
	}
	path, _ = script(t, "read line < \"$0.ends\"")
	ends := path + ".ends"
	if err := syscall.Mkfifo(ends, 0o600); err != nil {
		t.Fatal("no pipes with names here: ", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := top.Browse([]string{path, "%s"})(ctx, "https://x.example"); err != nil {
		t.Errorf("one that stays open: %v", err)
	}
	f, err := os.OpenFile(ends, os.O_WRONLY, 0) // once it reads
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString("end\n")
	_ = f.Close()
}
