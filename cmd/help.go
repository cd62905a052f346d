package cmd

import (
	"strings"
	"unicode/utf8"
)

// helpWidth is the narrowest terminal that help is made for.
const helpWidth = 80

// wrapped is a text for help in lines of at most 80 columns. Paragraphs of which
// a line is longer are filled anew; one with a line that begins with a blank is
// a table or an example, and stays.
func wrapped(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		lines, long, table := strings.Split(p, "\n"), false, false
		for _, line := range lines {
			long = long || utf8.RuneCountInString(line) > helpWidth
			table = table || strings.HasPrefix(line, " ")
		}
		if long && !table {
			paragraphs[i] = filled(strings.Fields(p))
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// filled puts words into lines.
func filled(words []string) string {
	var b strings.Builder
	column := 0
	for i, word := range words {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > helpWidth:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
