package render

import (
	"text/template"

	"github.com/itchyny/gojq"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet/document"
)

func compileJQ(expr string) (*gojq.Code, error) { return nil, nil }

func parseTemplate(text string) (*template.Template, error) { return nil, nil }

func writeData(t *term.IO, o Options, d document.Document, names []string) (bool, error) {
	return false, nil
}

// JSONLine writes one line of JSON, as watch does for an event.
func JSONLine(t *term.IO, item any) error { return nil }
