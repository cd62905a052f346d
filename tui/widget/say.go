package widget

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/midwatch-cli/midwatch/tui/theme"
)

// Say is a line in words: for who hears it. Signs that stand before a word are
// left out, those that stand alone are counted, lines and bars are for the eye.
func Say(th *theme.Theme, l Line) string {
	text := say(l.Left)
	if right := say(l.Right); right != "" {
		text += ", " + right
	}
	return th.Heard(strings.TrimPrefix(text, ", "))
}

// say is spans in words. Where columns of blanks part them, a comma does.
func say(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(sayText(s))
	}
	var parts []string
	for part := range strings.SplitSeq(b.String(), "  ") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// sayText is the text of a span.
func sayText(s Span) string {
	bare := strings.TrimSpace(s.Text)
	if signs := strings.Trim(bare, "✓!✗?–0123456789 "); bare != "" && signs == "" && strings.ContainsAny(bare, "✓!✗?–") {
		switch {
		case bare == "–" && s.Tone != theme.Calm:
			return "" // nothing is there
		case len([]rune(bare)) == 1 && bare != s.Text:
			return " " // a word follows
		}
		return counted(bare)
	}
	text := strings.Map(func(r rune) rune {
		if r >= '─' && r <= '▟' || r == '●' || r == '▲' || r == '▼' {
			return -1
		}
		return r
	}, s.Text)
	for _, sign := range []string{"✓ ", "✗ ", "! ", "? ", "– "} {
		if rest, found := strings.CutPrefix(strings.TrimLeft(text, " "), sign); found {
			text = rest
		}
	}
	for _, arrow := range []string{"  →  ", " → "} {
		text = strings.ReplaceAll(text, arrow, " to ")
	}
	return spoken().Replace(text)
}

// spoken are signs that are words in between.
func spoken() *strings.Replacer {
	return strings.NewReplacer(" -> ", " to ", "→", "to", "n/a", "not known", "/s", " per second", " · ", "  ", " › ", "  ", "×", "times ", "–", "", "…", "", "↑", "up", "↓", "down", "▾", "", "▸", "folded")
}

// counted is a bar of signs in words: ✓✓✗ is 2 up, 1 down, and ✓198 is 198 up.
func counted(signs string) string {
	words := map[rune]string{'✓': "up", '!': "degraded", '✗': "down", '?': "unknown", '–': "in maintenance"}
	var b strings.Builder
	runes := []rune(signs)
	for i := 0; i < len(runes); {
		word, ok := words[runes[i]]
		if !ok {
			i++
			continue
		}
		n, given := 0, 0
		for first := runes[i]; i < len(runes) && runes[i] == first; i++ {
			n++
		}
		for ; i < len(runes) && runes[i] >= '0' && runes[i] <= '9'; i++ {
			given = given*10 + int(runes[i]-'0')
		}
		fmt.Fprintf(&b, "  %d %s  ", cmp.Or(given, n), word)
	}
	return b.String()
}

// say is the rows that are seen, in words: the first column, then the name and the
// value of each that has one.
func (t *Table) say(th *theme.Theme) []Line {
	cells := t.cells(th)
	lines := make([]Line, 0, len(cells))
	for i, row := range cells {
		var parts []string
		if t.Marked != nil && t.Marked(t.Top+i) {
			parts = append(parts, "marked")
		}
		first := true
		for c := range t.Columns {
			col := &t.Columns[c]
			value := say(row[c].spans)
			if col.Name == "" || col.Wide || value == "" || value == "-" {
				continue
			}
			if !first {
				value = columnName(col.Name) + " " + value
			}
			parts, first = append(parts, value), false
		}
		lines = append(lines, Line{Left: []Span{{Text: strings.Join(parts, "; ")}}, Lit: t.Top+i == t.Cursor, Row: true})
	}
	return lines
}

// columnName is the name of a column as it is said.
func columnName(name string) string {
	switch name = strings.ToLower(strings.TrimSpace(name)); name {
	case "err":
		return "errors"
	case "fail":
		return "failed"
	}
	return name
}
