package cmd_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/tui/dialog"
	"github.com/midwatch-cli/midwatch/tui/journey"
)

// TestTerminalJourneys walks the journeys of testdata/journeys (package
// tui/journey has the language) with the program itself, over recordings and the
// demo's fleet. Their own words are
//
//	midwatch ARGS   runs it on a terminal of 80 columns; RECORDINGS is the folder of recordings
//	reads           the person reads the question that has appeared: it takes no keys before
//	ends CODE       it ends with a code, and the terminal is as it was
func TestTerminalJourneys(t *testing.T) {
	for name, path := range journey.Files(t, "../testdata/journeys") {
		t.Run(name, func(t *testing.T) {
			var s *screen
			journey.Walk(t, path, func() journey.Stage { return walked{s} }, map[string]journey.Word{
				"midwatch": func(args string) string {
					recordings, err := filepath.Abs("../testdata/recordings")
					if err != nil {
						return err.Error()
					}
					s = onTerminal(t, strings.Fields(strings.ReplaceAll(args, "RECORDINGS", recordings))...)
					return ""
				},
				"reads": func(string) string {
					<-time.After(dialog.Moment + dialog.Moment/2)
					return ""
				},
				"ends": func(code string) string {
					if got := strconv.Itoa(s.code()); got != code {
						return "it ended with " + got
					}
					s.asBefore()
					return ""
				},
			})
		})
	}
}

// walked is a program on a terminal, which moves by itself.
type walked struct{ *screen }

func (w walked) Size(width, height int) { w.resize(uint16(width), uint16(height)) }
func (w walked) Screen() string         { return w.text() }

// Type types one character after the other, as people do: a terminal hands what
// comes at once to a program as what was pasted.
func (w walked) Type(text string) {
	for _, r := range text {
		w.types(string(r))
	}
}

// apart is how long nothing may follow esc: what does at once is one key with it.
const apart = time.Second / 2

// Press presses a key by its name.
func (w walked) Press(key string) {
	named := map[string]string{
		"enter": "\r", "esc": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
		"home": "\x1b[H", "end": "\x1b[F", "pgup": "\x1b[5~", "pgdown": "\x1b[6~", "delete": "\x1b[3~",
	}
	switch rest, ctrl := strings.CutPrefix(key, "ctrl+"); {
	case named[key] != "":
		w.types(named[key])
	case ctrl && len(rest) == 1:
		w.types(string(rest[0] & 0x1f))
	case utf8.RuneCountInString(key) == 1:
		w.types(key)
	default:
		w.t.Fatalf("no such key: %s", key)
	}
	if key == "esc" {
		<-time.After(apart)
	}
}

func (w walked) Click(x, y int) { w.mouse(0, x, y) }

func (w walked) Wheel(up bool) {
	if up {
		w.mouse(64, 5, 5)
	} else {
		w.mouse(65, 5, 5)
	}
}

// mouse is a button as terminals report it (xterm's SGR mode, 1006).
func (w walked) mouse(button, x, y int) {
	at := strconv.Itoa(button) + ";" + strconv.Itoa(x+1) + ";" + strconv.Itoa(y+1)
	w.types("\x1b[<" + at + "M")
	if button < 64 {
		w.types("\x1b[<" + at + "m")
	}
}

// Until waits until so is true of the screen.
func (w walked) Until(so func(screen string) bool) bool {
	over := time.After(20 * time.Second)
	for !so(w.text()) {
		select {
		case <-w.news:
		case <-w.ended:
			return so(w.text())
		case <-over:
			return false
		}
	}
	return true
}
