package tui_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// TestJourneys walks every journey of testdata/journeys, in a small language, a
// step a line:
//
//	size 80 24          the terminal
//	snapshot NAME       the feed brings one: night, healed, odd, empty, night-without NAME...
//	journal             the journal is read: the changes of the night
//	press KEY...        keys by their names
//	type TEXT           a key for each character
//	see TEXT            it is on the screen; not TEXT: it is not
//	cursor TEXT         the row of the cursor begins with it
//	click X Y           a click on a column and a line of the screen, from 0
//	click TEXT          a click on the first place where it stands
//	wheel up            or down: the wheel turns by one
//	wait 20s            time goes by
//	ended               the feed is over
//	quits KEY           the key ends everything
func TestJourneys(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "journeys", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no journeys", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { walk(t, path) })
	}
}

func walk(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := start(t, theme.Options{}, 80, 24)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		step := strings.TrimSpace(lines.Text())
		if step == "" || strings.HasPrefix(step, "#") {
			continue
		}
		if fault := d.step(step); fault != "" {
			t.Fatalf("%s:%d: %s: %s\n%s", path, n, step, fault, d.screen())
		}
	}
}

// step does one step and says what is wrong.
func (d *dash) step(step string) string {
	verb, rest, _ := strings.Cut(step, " ")
	words := strings.Fields(rest)
	switch verb {
	case "size":
		w, _ := strconv.Atoi(words[0])
		h, _ := strconv.Atoi(words[1])
		d.size(w, h)
	case "snapshot":
		s := known(words)
		if s == nil {
			return "no such snapshot"
		}
		d.take(s)
	case "journal":
		d.send(tui.JournalMsg(1, made(), nil))
	case "press":
		if d.press(words...) {
			return "it ended"
		}
	case "quits":
		if !d.press(words...) {
			return "it goes on"
		}
	case "type":
		d.types(rest)
	case "see":
		if !strings.Contains(d.screen(), rest) {
			return "is not seen"
		}
	case "not":
		if strings.Contains(d.screen(), rest) {
			return "is seen"
		}
	case "click":
		if !d.click(rest) {
			return "is not seen"
		}
	case "wheel":
		button := map[string]tea.MouseButton{"up": tea.MouseWheelUp, "down": tea.MouseWheelDown}[rest]
		d.send(tea.MouseWheelMsg{X: 5, Y: 5, Button: button})
	case "cursor":
		if !strings.Contains(d.lit(), rest) {
			return "it is on " + d.lit()
		}
	case "wait":
		by, err := time.ParseDuration(rest)
		if err != nil {
			return err.Error()
		}
		d.now = d.now.Add(by)
		d.send(tui.TickMsg())
	case "ended":
		d.send(tui.EndedMsg())
	default:
		return "no such step"
	}
	return ""
}

// click clicks on a place, or on a text.
func (d *dash) click(at string) bool {
	var x, y int
	if n, _ := fmt.Sscanf(at, "%d %d", &x, &y); n != 2 {
		y = -1
		for i, line := range strings.Split(d.screen(), "\n") {
			if before, _, found := strings.Cut(line, at); found {
				x, y = widget.Width(before), i
				break
			}
		}
		if y < 0 {
			return false
		}
	}
	d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	return true
}

func known(words []string) *fleet.Snapshot {
	switch words[0] {
	case "night":
		return night()
	case "healed":
		return healed()
	case "odd":
		return odd()
	case "empty":
		return &fleet.Snapshot{Context: "prod", At: at(), Sources: night().Sources[:1]}
	case "night-without":
		return without(night(), words[1:]...)
	}
	return nil
}
