package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	"github.com/midwatch-cli/midwatch/cmd/term"
)

// CheckJQ says what is wrong with a --jq expression.
func CheckJQ(expr string) error {
	_, err := compileJQ(expr)
	return err
}

// CheckTemplate says what is wrong with a --template.
func CheckTemplate(text string) error {
	_, err := parseTemplate(text, false)
	return err
}

// compileJQ reads an expression. It sees the document and no environment.
func compileJQ(expr string) (*gojq.Code, error) {
	q, err := gojq.Parse(expr)
	if bad := (*gojq.ParseError)(nil); errors.As(err, &bad) {
		before := strings.TrimSuffix(expr[:min(bad.Offset, len(expr))], bad.Token)
		return nil, fmt.Errorf("--jq: %s at character %d", term.Clean(err.Error()), utf8.RuneCountInString(before)+1)
	}
	if err != nil {
		return nil, fmt.Errorf("--jq: %s", term.Clean(err.Error()))
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return nil, fmt.Errorf("--jq: %s", term.Clean(err.Error()))
	}
	return code, nil
}

// JQ writes each result of an expression on a line: strings as they are, the rest
// as JSON. An expression may have results for ever: the end of the context is
// no error, only the end.
func JQ(ctx context.Context, w io.Writer, d any, expr string, ascii bool) error {
	code, err := compileJQ(expr)
	if err != nil {
		return err
	}
	v, err := value(d)
	if err != nil {
		return err
	}
	for results := code.RunWithContext(ctx, v); ; {
		r, ok := results.Next()
		if !ok || ctx.Err() != nil {
			return nil
		}
		if err, ok := r.(error); ok {
			if halt := (*gojq.HaltError)(nil); errors.As(err, &halt) && halt.Value() == nil {
				return nil
			}
			return fmt.Errorf("--jq: %s", term.Clean(err.Error()))
		}
		line, isText := r.(string)
		if !isText {
			b, err := gojq.Marshal(r)
			if err != nil {
				return fmt.Errorf("--jq: %w", err)
			}
			line = string(harmless(b, ascii))
		}
		if _, err := io.WriteString(w, ownWords(line, ascii)+"\n"); err != nil {
			return err
		}
	}
}

// ownWords makes the output of an expression or template safe for a terminal.
// Workflow commands are left: the values in it are clean already, so that one
// that is there was written by the user.
func ownWords(s string, ascii bool) string {
	s = term.Printable(s)
	if ascii {
		s = term.ASCII(s)
	}
	return s
}

// parseTemplate reads a --template.
func parseTemplate(text string, ascii bool) (*template.Template, error) {
	t, err := template.New("--template").Option("missingkey=error").Funcs(template.FuncMap{
		"json": func(v any) (string, error) {
			b, err := encode(v, ascii)
			return string(b), err
		},
		"join": func(sep string, list []any) string {
			words := make([]string, len(list))
			for i, v := range list {
				words[i] = fmt.Sprint(v)
			}
			return strings.Join(words, sep)
		},
		"keys": func(m map[string]any) []any {
			keys := make([]any, 0, len(m))
			for k := range m {
				keys = append(keys, k)
			}
			slices.SortFunc(keys, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
			return keys
		},
	}).Parse(text)
	if err != nil {
		return nil, templateError(err)
	}
	return t, nil
}

// templateError is an error with its place: --template:1:7: what is wrong there.
func templateError(err error) error {
	text := strings.TrimPrefix(err.Error(), "template: ")
	return errors.New(term.Clean(strings.Replace(text, `executing "--template" `, "", 1)))
}

// Template writes what a template makes of the document, ended by a
// newline.
func Template(w io.Writer, d any, text string, ascii bool) error {
	t, err := parseTemplate(text, ascii)
	if err != nil {
		return err
	}
	v, err := value(d)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return templateError(err)
	}
	_, err = io.WriteString(w, strings.TrimSuffix(ownWords(b.String(), ascii), "\n")+"\n")
	return err
}
