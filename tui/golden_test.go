package tui_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "frames", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got+"\n" {
		t.Errorf("%s is not as it was (-update writes it anew):\n%s", name, got)
	}
}

// pages are all pages, and how one gets there.
func pages() map[string][]string {
	return map[string][]string{
		"fleet":    nil,
		"help":     {"?"},
		"service":  {"enter"},
		"instance": {"enter", "enter"},
		"breakers": {":", "b", "r", "enter"},
		"events":   {":", "e", "v", "enter"},
		"sources":  {":", "s", "o", "u", "enter"},
	}
}

// TestFrames holds every page at every size against what was looked at. The
// colours are held once for each page.
func TestFrames(t *testing.T) {
	sizes := map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}, "200x60": {200, 60}}
	for name, keys := range pages() {
		for size, wh := range sizes {
			d := start(t, theme.Options{}, wh[0], wh[1], night(), healed(), night())
			d.press(keys...)
			golden(t, name+"-"+size, d.screen())
		}
		for look, o := range map[string]theme.Options{"ascii": {ASCII: true, Colorless: true}, "dark": {}} {
			d := start(t, o, 80, 24, night(), healed(), night())
			d.press(keys...)
			frame := d.app.View().Content
			golden(t, name+"-"+look, strings.ReplaceAll(frame, "\x1b", "␛"))
			if look == "ascii" && strings.ContainsFunc(ansi.Strip(frame), func(r rune) bool { return r > '~' }) {
				t.Errorf("%s: more than ASCII:\n%s", name, frame)
			}
		}
	}
}

// TestColourless: without colours only weight is left, and the cursor is seen.
func TestColourless(t *testing.T) {
	d := start(t, theme.Options{Colorless: true}, 80, 24, night())
	for _, part := range strings.Split(d.app.View().Content, "\x1b[")[1:] {
		if seq, _, _ := strings.Cut(part, "m"); seq != "" && seq != "1" {
			t.Fatalf("a colour: %q", part)
		}
	}
	if !strings.HasPrefix(d.lit(), "▌✗ payment") {
		t.Errorf("the cursor is not seen: %q", d.lit())
	}
}
