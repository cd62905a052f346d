package tui_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui"
	"github.com/midwatch-cli/midwatch/tui/theme"
)

// TestAnyKeys: whatever is typed, however the terminal is sized and whatever the
// feed brings, nothing panics, a frame has the lines of the screen, none is wider
// than it, and nothing of a service is obeyed.
func TestAnyKeys(t *testing.T) {
	keys := []string{
		"enter", "esc", "up", "down", "left", "right", "tab", "pgup", "pgdown", "home", "end", "backspace", "space", "ctrl+z", "ctrl+u",
		"a", "e", "f", "g", "G", "h", "j", "k", "l", "p", "r", "s", "<", "M", "ctrl+space", "w", "y", "c", "d", "m", "x", "1", "/", ":", "?", "*", "[", "!", "=", "日", "é",
	}
	worlds := []*fleet.Snapshot{night(), healed(), odd(), without(night(), "payment"), without(night(), "order", "user"), {}, many(40, 400)}
	sizes := [][2]int{{80, 24}, {0, 0}, {1, 1}, {40, 10}, {200, 60}, {3, 2}, {20, 6}, {2, 50}, {300, 4}, {80, 12}}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := start(t, theme.Options{ASCII: seed%3 == 0, Colorless: seed%2 == 0, Light: seed%5 == 0}, 80, 24)
		size, done := sizes[0], []string{}
		for range 150 {
			switch n := r.IntN(20); {
			case n == 0:
				size = sizes[r.IntN(len(sizes))]
				d.size(size[0], size[1])
				done = append(done, fmt.Sprint(size))
			case n < 3:
				w := r.IntN(len(worlds))
				d.take(worlds[w])
				done = append(done, fmt.Sprint("world ", w))
			case n == 4:
				x, y := r.IntN(210), r.IntN(62)
				d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
				done = append(done, fmt.Sprint("click ", x, y))
			case n == 5:
				d.send(tea.MouseWheelMsg{Button: []tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown}[r.IntN(2)]})
				done = append(done, "wheel")
			case n == 3 && seed%7 == 0:
				d.send(tui.EndedMsg())
			default:
				key := keys[r.IntN(len(keys))]
				d.press(key)
				done = append(done, key)
			}
			if fault := faultOf(d.app.View().Content, size); fault != "" {
				t.Fatalf("seed %d: %s, after %v\n%s", seed, fault, done, d.screen())
			}
		}
	}
}

// faultOf says what is wrong with a frame.
func faultOf(frame string, size [2]int) string {
	if size[0] <= 0 || size[1] <= 0 {
		size = [2]int{80, 24}
	}
	lines := strings.Split(frame, "\n")
	if len(lines) > size[1] {
		return fmt.Sprintf("%d lines on %d", len(lines), size[1])
	}
	for _, line := range lines {
		if w := ansi.StringWidthWc(line); w > size[0] {
			return fmt.Sprintf("%d columns on %d: %q", w, size[0], line)
		}
		for _, part := range strings.Split(line, "\x1b")[1:] {
			seq, _, ok := strings.Cut(part, "m")
			if !ok || strings.Trim(seq, "[0123456789;") != "" {
				return fmt.Sprintf("a sequence that is no colour: %q", part)
			}
		}
		if i := strings.IndexFunc(strings.ReplaceAll(line, "\x1b", ""), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e }); i >= 0 {
			return fmt.Sprintf("a control character: %q", line)
		}
	}
	return ""
}

// many is a fleet of so many services and instances.
func many(services, instances int) *fleet.Snapshot {
	s := &fleet.Snapshot{Context: "prod", At: at()}
	per := instances / services
	for i := range services {
		statuses := make([]fleet.Status, per)
		for j := range statuses {
			statuses[j] = fleet.Up
		}
		svc := service(fmt.Sprintf("svc-%03d", i), "1.0", statuses...)
		svc.Traffic = traffic(float64(i), 0, 0.01)
		s.Services = append(s.Services, svc)
	}
	return s
}

// TestOnlyWhatIsSeen: a frame of 5,000 instances costs what one of 50 does, and
// without news none is drawn.
func TestOnlyWhatIsSeen(t *testing.T) {
	cost := func(services, instances int) (allocs, bytes float64) {
		return start(t, theme.Options{}, 120, 40, many(services, instances)).costOfAKey()
	}
	smallAllocs, smallBytes := cost(50, 50)
	allocs, bytes := cost(200, 5000)
	t.Logf("a key and its frame: 50 instances %.0f allocations, %.0f bytes; 5000: %.0f, %.0f", smallAllocs, smallBytes, allocs, bytes)
	if allocs > 1.2*smallAllocs || bytes > 1.2*smallBytes {
		t.Errorf("5000 instances: %.0f allocations and %.0f bytes, 50: %.0f and %.0f", allocs, bytes, smallAllocs, smallBytes)
	}
	d := start(t, theme.Options{}, 80, 24, night())
	d.app.View()
	before := d.app.Drawn()
	for range 10 {
		d.send(tui.TickMsg())
		d.app.View()
	}
	if n := d.app.Drawn() - before; n != 0 {
		t.Errorf("%d frames without news", n)
	}
}

// BenchmarkFrame is a snapshot, and the frame it makes.
func BenchmarkFrame(b *testing.B) {
	for _, n := range [][2]int{{50, 50}, {200, 5000}} {
		b.Run(fmt.Sprint(n[1]), func(b *testing.B) {
			d := start(b, theme.Options{}, 120, 40, many(n[0], n[1]))
			s := many(n[0], n[1])
			b.ReportAllocs()
			for b.Loop() {
				d.take(s)
				d.app.View()
			}
		})
	}
}
