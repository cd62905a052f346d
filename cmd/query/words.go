package query

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
)

// moment is when an expression is asked about: at a time, or so long ago.
type moment struct {
	at  time.Time
	ago time.Duration
}

func (m moment) of(now time.Time) time.Time {
	if !m.at.IsZero() {
		return m.at
	}
	return now.Add(-m.ago)
}

// parseMoment reads --at. Empty is now.
func parseMoment(text string, now time.Time) (moment, error) {
	if text == "" || text == "now" {
		return moment{}, nil
	}
	if d, err := time.ParseDuration(strings.TrimPrefix(text, "-")); err == nil && d >= 0 {
		return moment{ago: d}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return moment{at: at}, nil
	}
	if sec, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(sec) < 1e11 {
		return moment{at: time.UnixMilli(int64(math.Round(sec * 1000))).UTC()}, nil
	}
	return moment{}, app.Usagef("such as "+now.UTC().Format(time.RFC3339)+", or 10m for ten minutes ago", "--at %q is no time", text)
}

// misplaced is an expression that cannot be answered, with a mark below the place.
func (o *options) misplaced(err error) error {
	text, hint := err.Error(), ""
	var said *fleet.Error
	if errors.As(err, &said) {
		text, hint = said.Detail, said.Hint
	}
	if below := caret(o.expr, text); below != "" {
		text += "\n" + below
	}
	return &app.Error{Code: app.Usage, Err: errors.New(text), Hint: hint}
}

// caret is the line of an expression that an error's "LINE:COLUMN: " is about, and
// a mark below the column; empty where the error names no place in it. Columns
// are bytes.
func caret(expr, text string) string {
	place, _, found := strings.Cut(text, ": ")
	line, column, two := strings.Cut(place, ":")
	n, err := strconv.Atoi(line)
	c, err2 := strconv.Atoi(column)
	lines := strings.Split(expr, "\n")
	if !found || !two || err != nil || err2 != nil || n < 1 || n > len(lines) || c < 1 || c > len(lines[n-1])+1 {
		return ""
	}
	before := lines[n-1][:c-1]
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
	if !utf8.ValidString(before) {
		return ""
	}
	return "  " + lines[n-1] + "\n  " + indent + "^"
}
