package term

import (
	"time"

	"github.com/midwatch-cli/midwatch/fleet/plain"
)

// Clean is plain.Clean: text of a service, safe for one line of any output.
func Clean(s string) string { return plain.Clean(s) }

// CleanLines is plain.CleanLines: the same for text of several lines.
func CleanLines(s string) string { return plain.CleanLines(s) }

// Printable is plain.Printable, for text that is the user's own.
func Printable(s string) string { return plain.Printable(s) }

// UnlinkLine is plain.UnlinkLine: it pulls apart a workflow command at the start
// of a line.
func UnlinkLine(s string) string { return plain.UnlinkLine(s) }

// UnlinkLines is UnlinkLine for every line of a text.
func UnlinkLines(s string) string { return plain.UnlinkLines(s) }

// ASCII is plain.ASCII: what is no ASCII, written out.
func ASCII(s string) string { return plain.ASCII(s) }

// Duration is a duration for people: plain.Duration.
func Duration(d time.Duration) string { return plain.Duration(d) }
