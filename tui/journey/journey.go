// Package journey is for tests: walks through the dashboard in a small language, a
// step a line. Blank lines and those that begin with # are none.
//
//	size 80 24      the terminal
//	press KEY...    keys by their names: enter, ctrl+z, G
//	type TEXT       a key for each character
//	see TEXT        it is on the screen; not TEXT: it is not
//	cursor TEXT     the row of the cursor has it
//	click X Y       a click on a column and a line of the screen, from 0
//	click TEXT      a click on the first place where it stands
//	wheel up        or down: the wheel turns by one
//
// Who walks may know further words.
package journey

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Stage is a dashboard that is walked through.
type Stage interface {
	Size(width, height int)
	Press(key string)
	Type(text string)
	Click(x, y int)
	Wheel(up bool)
	// Screen is what stands there, without blanks at the ends of lines.
	Screen() string
	// Until says whether something is so, or becomes so of a dashboard that moves by
	// itself.
	Until(so func(screen string) bool) bool
}

// Word is a word of who walks: it does what is said behind it and returns what is
// wrong; empty: nothing is.
type Word func(rest string) string

// Files are the journeys of a folder, by their names.
func Files(t testing.TB, folder string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no journeys in %s: %v", folder, err)
	}
	files := map[string]string{}
	for _, p := range paths {
		files[strings.TrimSuffix(filepath.Base(p), ".txt")] = p
	}
	return files
}

// Walk walks one journey. The stage is asked for at each step: a word may change it.
func Walk(t testing.TB, path string, stage func() Stage, words map[string]Word) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		step := strings.TrimSpace(lines.Text())
		if step == "" || strings.HasPrefix(step, "#") {
			continue
		}
		verb, rest, _ := strings.Cut(step, " ")
		do, own := words[verb]
		if !own {
			do = func(rest string) string { return walk(stage(), verb, rest) }
		}
		if fault := do(rest); fault != "" {
			t.Fatalf("%s:%d: %s: %s\n%s", path, n, step, fault, stage().Screen())
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

// walk does one step and says what is wrong.
func walk(s Stage, verb, rest string) string {
	switch verb {
	case "size":
		var w, h int
		if n, _ := fmt.Sscanf(rest, "%d %d", &w, &h); n != 2 {
			return "want columns and lines"
		}
		s.Size(w, h)
	case "press":
		for _, key := range strings.Fields(rest) {
			s.Press(key)
		}
	case "type":
		s.Type(rest)
	case "see":
		if !s.Until(func(screen string) bool { return strings.Contains(screen, rest) }) {
			return "is not seen"
		}
	case "not":
		if !s.Until(func(screen string) bool { return !strings.Contains(screen, rest) }) {
			return "is seen"
		}
	case "cursor":
		if !s.Until(func(screen string) bool { return strings.Contains(Lit(screen), rest) }) {
			return "it is on " + Lit(s.Screen())
		}
	case "click":
		x, y, ok := place(s, rest)
		if !ok {
			return "is not seen"
		}
		s.Click(x, y)
	case "wheel":
		s.Wheel(rest == "up")
	default:
		return "no such step"
	}
	return ""
}

// Lit is the row of the cursor.
func Lit(screen string) string {
	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, "▌") || strings.HasPrefix(line, ">") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// place is where one clicks: at numbers, or where a text stands first.
func place(s Stage, at string) (x, y int, ok bool) {
	if n, _ := fmt.Sscanf(at, "%d %d", &x, &y); n == 2 {
		return x, y, true
	}
	ok = s.Until(func(screen string) bool {
		for i, line := range strings.Split(screen, "\n") {
			if before, _, found := strings.Cut(line, at); found {
				x, y = widget.Width(before), i
				return true
			}
		}
		return false
	})
	return x, y, ok
}
