package tui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestManual holds the table of keys in docs/dashboard.md to the bindings.
func TestManual(t *testing.T) {
	var b strings.Builder
	b.WriteString("| key | what it does | |\n| --- | --- | --- |\n")
	row := func(keys [][2]string, where string) {
		for _, k := range keys {
			b.WriteString("| `" + strings.ReplaceAll(k[0], "|", "\\|") + "` | " + k[1] + " | " + where + " |\n")
		}
	}
	live := start(t, theme.Options{}, 80, 24, night())
	everywhere := tui.RootKeys(live.app)
	row(everywhere, "")
	known := map[string]string{}
	for _, k := range everywhere {
		known[k[0]] = k[1]
	}
	var tape [][2]string
	for _, k := range tui.RootKeys(playing(t, reelOf("hhn"), theme.Options{}, 80, 24).app) {
		if known[k[0]] != k[1] {
			tape = append(tape, k)
		}
	}
	row(tape, "in a recording")
	path := filepath.Join("..", "docs", "dashboard.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keys -->\n", "<!-- end of keys -->"
	before, rest, ok := strings.Cut(string(data), begin)
	has, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/dashboard.md has no place for the keys")
	}
	want := "\n" + b.String() + "\n"
	if has == want {
		return
	}
	if !*update {
		t.Errorf("the keys of docs/dashboard.md are not those of the program (-update writes them anew):\n%s", want)
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
