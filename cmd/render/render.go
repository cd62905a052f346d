// Package render turns documents and tables into what people and programs read:
// aligned tables on a terminal, tab-separated columns off it, JSON, YAML, and
// the reports of build systems and monitoring. It is the last step: the exit
// code is known before it and never changes here. Every text passes term.Clean
// on its way out.
package render

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/render/data"
	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

// Format is a form of output, as -o names it.
type Format string

// The formats.
const (
	FormatTable      Format = "table"
	FormatWide       Format = "wide"
	FormatJSON       Format = "json"
	FormatYAML       Format = "yaml"
	FormatJSONL      Format = "jsonl"
	FormatName       Format = "name"
	FormatJUnit      Format = "junit"
	FormatTAP        Format = "tap"
	FormatNagios     Format = "nagios"
	FormatPrometheus Format = "prometheus"
	FormatMarkdown   Format = "markdown"
	FormatGitHub     Format = "github"
)

// Formats lists what -o takes: every command has the first six, those that come
// to a verdict the others too.
func Formats(verdict bool) []Format {
	all := []Format{
		FormatTable, FormatWide, FormatJSON, FormatYAML, FormatJSONL, FormatName,
		FormatJUnit, FormatTAP, FormatNagios, FormatPrometheus, FormatMarkdown, FormatGitHub,
	}
	if !verdict {
		return all[:6]
	}
	return all
}

// Options are the flags about output.
type Options struct {
	Format    Format // empty: table
	NoHeaders bool
	JQ        string // an expression over the JSON document
	Template  string // a Go template over the JSON document
	UTC       bool   // times on a terminal in UTC, not in local time
	Now       time.Time
	// Interrupted is closed when the person has had enough: it ends an expression
	// of --jq that would go on for ever. Nil is never.
	Interrupted <-chan struct{}
}

// running is the time that --jq has: until nobody reads what it writes, or is
// interrupted. The function ends it.
func (o *Options) running(t *term.IO) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		select {
		case <-t.Gone():
		case <-o.Interrupted:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Validate finds wrong usage before any work is done.
func (o *Options) Validate(verdict bool) error {
	if o.Format != "" && !slices.Contains(Formats(verdict), o.Format) {
		return fmt.Errorf("-o %s: want %s", term.Clean(string(o.Format)), words(Formats(verdict)))
	}
	if o.JQ == "" && o.Template == "" {
		return nil
	}
	switch {
	case o.JQ != "" && o.Template != "":
		return fmt.Errorf("--jq and --template exclude each other")
	case !slices.Contains([]Format{"", FormatTable, FormatJSON}, o.Format):
		return fmt.Errorf("--jq and --template read the JSON document: they do not go with -o %s", o.Format)
	case o.JQ != "":
		return data.CheckJQ(o.JQ)
	}
	return data.CheckTemplate(o.Template)
}

// words lists formats for people.
func words(formats []Format) string {
	list := make([]string, len(formats))
	for i, f := range formats {
		list[i] = string(f)
	}
	return strings.Join(list, ", ")
}

// View is one answer in all the forms a command has.
type View struct {
	Document document.Document // json, yaml, jsonl, --jq, --template
	Names    []string          // name: what midwatch accepts back
	Table    Table             // table, wide
	Lead     [][]Cell          // lines above the table, on a terminal only: what has a status is behind its sign
	Notes    []string          // lines below it: on standard output of a terminal, else on standard error
	Hint     string            // what to do next, on standard error
}

// signs is a line of texts, each behind the sign of its status if it has one.
func (p *pen) signs(cells []Cell) string {
	parts := make([]string, len(cells))
	for i, c := range cells {
		if parts[i] = c.face(p); c.status != fleet.StatusNone {
			parts[i] = p.underline(c.status, p.sign(c.status)) + " " + parts[i]
		}
	}
	return term.UnlinkLine(strings.Join(parts, "   ")) + "\n"
}

// Write writes a view in the format of the options. Nothing is written when the
// streams are quiet. Its errors are those of the stream, of --jq and of
// --template.
func Write(t *term.IO, o Options, v View) error {
	if t.Quiet {
		return nil
	}
	if done, err := writeData(t, o, v.Document, func() []string { return v.Names }); done {
		return err
	}
	p := newPen(t, o)
	var b bytes.Buffer
	if t.OutTTY {
		for _, l := range v.Lead {
			b.WriteString(p.signs(l))
		}
	}
	v.Table.write(&b, p, o)
	notes := v.Notes
	if t.OutTTY && len(notes) > 0 {
		for _, l := range notes {
			b.WriteString(p.line(l))
		}
		notes = nil
	}
	if _, err := t.Out.Write(b.Bytes()); err != nil {
		return err
	}
	return Notes(t, notes, v.Hint)
}

// writeData writes the formats that are made from the document alone; done says
// that the format was one of them.
func writeData(t *term.IO, o Options, d document.Document, names func() []string) (done bool, err error) {
	out, ascii := bufio.NewWriterSize(t.Out, 64<<10), t.OutASCII()
	switch {
	case o.JQ != "":
		ctx, cancel := o.running(t)
		defer cancel()
		err = data.JQ(ctx, out, d, o.JQ, ascii)
	case o.Template != "":
		err = data.Template(out, d, o.Template, ascii)
	case o.Format == FormatJSON:
		err = data.JSON(out, d, t.OutTTY, ascii)
	case o.Format == FormatYAML:
		err = data.YAML(out, d, ascii)
	case o.Format == FormatJSONL:
		err = data.Lines(out, d, ascii)
	case o.Format == FormatName:
		p := newPen(t, o)
		for _, n := range names() {
			_, _ = out.WriteString(p.line(n)) // Flush tells
		}
	default:
		return false, nil
	}
	return true, errors.Join(err, out.Flush())
}

// Line writes one item of a stream, as watch does for an event: as a line of
// JSON, or what --jq or --template make of it.
func Line(t *term.IO, o Options, item any) error {
	if t.Quiet {
		return nil
	}
	var err error
	out := bufio.NewWriter(t.Out)
	switch {
	case o.JQ != "":
		ctx, cancel := o.running(t)
		defer cancel()
		err = data.JQ(ctx, out, item, o.JQ, t.OutASCII())
	case o.Template != "":
		err = data.Template(out, item, o.Template, t.OutASCII())
	default:
		err = data.Line(out, item, t.OutASCII())
	}
	return errors.Join(err, out.Flush())
}
