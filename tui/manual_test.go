package tui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/outside"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// cell is a text as a table of Markdown has it.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// TestManual holds the tables of keys and of commands in docs/dashboard.md to the
// program.
func TestManual(t *testing.T) {
	all := tui.New(tui.Options{
		Desk: tripping(), Now: at, Hands: tui.Hands{Refresh: func() {}, Interval: func(time.Duration) {}},
		World: outside.World{Raw: func(*page.View, page.Place) []string { return nil }},
	})
	recorded := playing(t, reelOf("hhn"), theme.Options{}, 80, 24).app
	var keys, commands strings.Builder
	keys.WriteString("| key | what it does | |\n| --- | --- | --- |\n")
	commands.WriteString("| command | or | what it does | |\n| --- | --- | --- | --- |\n")
	known := map[string]string{}
	for i, app := range []*tui.App{all, recorded} {
		where := []string{"", "in a recording"}[i]
		for _, k := range tui.RootKeys(app) {
			if known["key "+k[0]] != k[1] {
				keys.WriteString("| `" + cell(k[0]) + "` | " + k[1] + " | " + where + " |\n")
			}
			known["key "+k[0]] = k[1]
		}
		for _, c := range tui.RootCommands(app) {
			if known[c[0]] != c[2] {
				also := ""
				if c[1] != "" {
					also = "`" + strings.ReplaceAll(c[1], " ", "` `") + "`"
				}
				commands.WriteString("| `:" + cell(c[0]) + "` | " + also + " | " + c[2] + " | " + where + " |\n")
			}
			known[c[0]] = c[2]
		}
	}
	manual(t, "keys", keys.String())
	manual(t, "commands", commands.String())
}

// manual holds a part of docs/dashboard.md to what it has to be.
func manual(t *testing.T, part, want string) {
	t.Helper()
	path := filepath.Join("..", "docs", "dashboard.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+" -->\n", "<!-- end of "+part+" -->"
	before, rest, ok := strings.Cut(string(data), begin)
	has, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/dashboard.md has no place for the " + part)
	}
	if want = "\n" + want + "\n"; has == want {
		return
	}
	if !*update {
		t.Errorf("the %s of docs/dashboard.md are not those of the program (-update writes them anew):\n%s", part, want)
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
