package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/document"
)

// YAML writes a document as YAML with its fields in their order. Every
// text that is not a bare word is written in double quotes, as JSON has it: a
// block of text would put lines of a service at the start of a line.
func YAML(w io.Writer, d document.Document, ascii bool) error {
	var b bytes.Buffer
	if err := JSON(&b, d, false, ascii); err != nil {
		return err
	}
	y := yamlWriter{in: json.NewDecoder(&b), ascii: ascii}
	y.in.UseNumber()
	if err := y.value(0, false); err != nil {
		return fmt.Errorf("the document cannot be written: %w", err)
	}
	_, err := w.Write(y.out.Bytes())
	return err
}

// yamlWriter turns tokens of JSON into lines of YAML.
type yamlWriter struct {
	in    *json.Decoder
	out   bytes.Buffer
	ascii bool
}

// value writes the next value. After a key it goes to the same line or, if it
// has lines of its own, below; else the line has been begun for it.
func (y *yamlWriter) value(depth int, afterKey bool) error {
	tok, err := y.in.Token()
	if err != nil {
		return err
	}
	open, nested := tok.(json.Delim)
	if !nested || !y.in.More() {
		if afterKey {
			y.out.WriteByte(' ')
		}
		if !nested {
			return y.scalar(tok)
		}
		y.out.WriteString(open.String() + string(open+2) + "\n") // ] and } stand two behind [ and {
		_, err := y.in.Token()
		return err
	}
	if afterKey {
		y.out.WriteByte('\n')
	}
	for first := !afterKey; y.in.More(); first = false {
		if !first {
			y.out.WriteString(strings.Repeat("  ", depth))
		}
		if open == '[' {
			y.out.WriteString("- ")
			if err := y.value(depth+1, false); err != nil {
				return err
			}
			continue
		}
		key, err := y.in.Token()
		if err != nil {
			return err
		}
		y.out.WriteString(Scalar(key.(string), y.ascii) + ":")
		if err := y.value(depth+1, true); err != nil {
			return err
		}
	}
	_, err = y.in.Token()
	return err
}

func (y *yamlWriter) scalar(tok json.Token) error {
	switch v := tok.(type) {
	case nil:
		y.out.WriteString("null\n")
	case string:
		y.out.WriteString(Scalar(v, y.ascii) + "\n")
	default:
		fmt.Fprintf(&y.out, "%v\n", v)
	}
	return nil
}

// Scalar is a text in YAML: a bare word, or quoted.
func Scalar(s string, ascii bool) string {
	bare := s != "" && letter(rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool {
		return !letter(r) && (r < '0' || r > '9') && !strings.ContainsRune("_./-", r)
	})
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		bare = false
	}
	if bare {
		return s
	}
	b, err := encode(s, ascii)
	if err != nil {
		return `""` // a string is always taken
	}
	return string(b)
}

func letter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
