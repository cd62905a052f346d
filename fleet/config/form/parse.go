package form

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse decodes a text into a slot and then runs a check over what was
// decoded. Path is for messages, and its folder is what relative paths in the
// text start from. Problems of both are an *Error.
func Parse(path string, data []byte, top Slot, check func(*Decoder)) error {
	d := &Decoder{file: path, dir: filepath.Dir(path), places: map[string]place{}}
	if body := d.body(data); body != nil {
		top.Decode(d, body, "")
		check(d)
	}
	if len(d.problems) > 0 {
		sortProblems(d.problems)
		return &Error{Problems: d.problems}
	}
	return nil
}

// body parses the text into its one document; nil where it is empty or wrong.
func (d *Decoder) body(data []byte) ast.Node {
	if !utf8.Valid(data) {
		d.failAtPlace(place{line: lineOfBadByte(data), column: 1}, "", "is not UTF-8 text", "")
		return nil
	}
	// What editors of another system begin with, and end lines with: the parser
	// does not know the one and counts the lines of comments with the other twice.
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	tokens := lexer.Tokenize(text)
	if tk := tooDeep(tokens); tk != nil {
		d.failAtPlace(placeOf(tk), "", "is nested too deeply", "")
		return nil
	}
	if tk := secondDocument(tokens); tk != nil {
		d.failAtPlace(placeOf(tk), "", "a second YAML document", oneDocument)
		return nil
	}
	doc, err := parse(tokens)
	if err != nil {
		d.syntax(err)
		return nil
	}
	var body ast.Node
	for _, one := range doc.Docs {
		switch {
		case one.Body == nil || one.Body.Type() == ast.CommentType || one.Body.Type() == ast.CommentGroupType:
		case body != nil || one.Body.Type() == ast.DirectiveType:
			d.failAtPlace(placeOf(one.Body.GetToken()), "", "a second YAML document", oneDocument)
			return nil
		default:
			body = one.Body
		}
	}
	return body
}

// parse turns a panic of the parser, which only broken text can cause, into
// the same answer as any other broken text.
func parse(tokens token.Tokens) (doc *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the YAML cannot be made sense of")
		}
	}()
	// Repeated keys are found here, so that all of them are shown.
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// syntax reports what the parser says. Its own rendering is not used: it
// quotes the file, which may hold what somebody took for a place for secrets.
func (d *Decoder) syntax(err error) {
	at := place{line: 1, column: 1}
	message := "the YAML cannot be made sense of"
	var ye yaml.Error
	if errors.As(err, &ye) {
		message = "not YAML: " + Clean(ye.GetMessage())
		if tk := ye.GetToken(); tk != nil {
			at = placeOf(tk)
		}
	}
	hint := ""
	if strings.Contains(message, "that cannot start any token") {
		hint = "indent with spaces, not tabs; quote what starts with @, `, % or -"
	}
	d.failAtPlace(at, "", message, hint)
}

// Clean puts a question mark for what a terminal would not only show.
func Clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, s)
}

// oneDocument is the hint where there are several.
const oneDocument = "the file holds one; take the --- and %-lines out"

// secondDocument finds the mark that starts another document which holds
// something. The parser drops what follows an empty one.
func secondDocument(tokens token.Tokens) *token.Token {
	var mark *token.Token // the last one that something stands before
	before := false
	for _, tk := range tokens {
		switch {
		case tk.Type == token.CommentType || tk.Type == token.DocumentEndType:
			continue
		case tk.Type == token.DocumentHeaderType && before:
			mark = tk
		case tk.Type != token.DocumentHeaderType && mark != nil:
			return mark
		}
		before = true
	}
	return nil
}

// tooDeep finds the token at which the text is nested deeper than the parser
// copes with (its time and memory grow with the square of the depth). The
// shape of the file needs less than ten levels.
func tooDeep(tokens token.Tokens) *token.Token {
	const deepest = 64
	open, entries, line := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			line, entries = tk.Position.Line, 0
		}
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			entries++
		}
		if open > deepest || entries > deepest || tk.Position.IndentNum > 8*deepest {
			return tk
		}
	}
	return nil
}

func lineOfBadByte(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[n:]
	}
	return line
}

// place is a position in the file.
type place struct{ line, column int }

// placeOfNode is where a node starts; a mapping starts with its first key.
func placeOfNode(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	return placeOf(n.GetToken())
}

func placeOf(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{line: 1, column: 1}
	}
	return place{line: tk.Position.Line, column: tk.Position.Column}
}

// Decoder walks the parsed file and gathers problems.
type Decoder struct {
	file     string
	dir      string           // what relative paths start from
	places   map[string]place // of every path that was seen, for the checks that follow
	problems []Problem
}

// Failed counts the problems so far.
func (d *Decoder) Failed() int { return len(d.problems) }

// FailedAt says whether there is a problem at a path or below it.
func (d *Decoder) FailedAt(at string) bool {
	return slices.ContainsFunc(d.problems, func(p Problem) bool {
		rest, ok := strings.CutPrefix(p.Path, at)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// Seen says whether the text holds a path.
func (d *Decoder) Seen(at string) bool {
	_, ok := d.places[at]
	return ok
}

// Dir is the folder that relative paths start from.
func (d *Decoder) Dir() string { return d.dir }

// failAtPlace reports a problem.
func (d *Decoder) failAtPlace(p place, at, message, hint string) {
	d.problems = append(d.problems, Problem{
		File: d.file, Line: p.line, Column: p.column, Path: at, Message: message, Hint: hint,
	})
}

// FailNode reports a problem where a node stands.
func (d *Decoder) FailNode(n ast.Node, at, message, hint string) {
	d.failAtPlace(placeOfNode(n), at, message, hint)
}

// Fail reports a problem by its path alone, after decoding: at the path's own
// place or at that of the nearest one around it.
func (d *Decoder) Fail(at, message, hint string) {
	for p := at; ; p = parent(p) {
		if where, ok := d.places[p]; ok || p == "" {
			if !ok {
				where = place{line: 1, column: 1}
			}
			d.failAtPlace(where, at, message, hint)
			return
		}
	}
}

// parent cuts the last step off a path.
func parent(at string) string {
	for i := len(at) - 1; i > 0; i-- {
		if at[i] == '.' || at[i] == '[' {
			return at[:i]
		}
	}
	return ""
}

// WrongType reports that something else was expected. It never shows the value.
func (d *Decoder) WrongType(n ast.Node, at, want string) {
	hint := ""
	if n.Type() == ast.AnchorType || n.Type() == ast.AliasType || n.Type() == ast.TagType {
		hint = sharing
	}
	d.FailNode(n, at, fmt.Sprintf("want %s, not %s", want, KindOf(n)), hint)
}

// KindOf says in words what a node is.
func KindOf(n ast.Node) string {
	switch n.Type() {
	case ast.NullType:
		return "nothing"
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.BoolType:
		return "true or false"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		return "an anchor, alias or tag"
	}
	return "this"
}

// Entry is a key of a mapping with its value.
type Entry struct {
	Key   string
	Node  ast.Node // the key, for its place
	Value ast.Node
}

// Mapping returns the entries of a mapping in their order. Nothing at all
// counts as an empty one: the keys below may all be commented out.
func (d *Decoder) Mapping(n ast.Node, at string) []Entry {
	if n.Type() == ast.NullType {
		return nil
	}
	m, ok := n.(ast.MapNode)
	if !ok {
		d.WrongType(n, at, "a mapping")
		return nil
	}
	var entries []Entry
	seen := map[string]bool{}
	for it := m.MapRange(); it.Next(); {
		key, k := it.Key(), ""
		if key.IsMergeKey() {
			d.FailNode(key, at, "merge keys are not read", sharing)
			continue
		}
		if s, ok := key.(*ast.StringNode); ok {
			k = s.Value
		} else if tk := key.GetToken(); tk != nil {
			k = tk.Value
		}
		if seen[k] {
			d.FailNode(key, Join(at, k), "is given twice", "")
			continue
		}
		seen[k] = true
		d.places[Join(at, k)] = placeOf(key.GetToken())
		entries = append(entries, Entry{Key: k, Node: key, Value: it.Value()})
	}
	return entries
}

// sharing is the hint where YAML's own means of sharing are used.
const sharing = "profiles share by extends, contexts by profiles at the top level"

// List returns the items of a list.
func (d *Decoder) List(n ast.Node, at string) []ast.Node {
	if n.Type() == ast.NullType {
		return nil
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.WrongType(n, at, "a list")
		return nil
	}
	for i, item := range s.Values {
		d.places[Index(at, i)] = placeOfNode(item)
	}
	return s.Values
}

// Text returns the text of a scalar. Numbers, words like true, and dates are
// not text: 1.10 and "1.10" differ.
func (d *Decoder) Text(n ast.Node, at string) (string, bool) {
	s, ok := "", false
	switch t := n.(type) {
	case *ast.StringNode:
		s, ok = t.Value, true
	case *ast.LiteralNode:
		s, ok = t.Value.Value, true
	}
	switch {
	case !ok && (n.Type() == ast.IntegerType || n.Type() == ast.FloatType || n.Type() == ast.BoolType):
		d.FailNode(n, at, "want text, not "+KindOf(n), "put it in quotes")
	case !ok:
		d.WrongType(n, at, "text")
	case s == "":
		d.FailNode(n, at, "is empty", "")
		ok = false
	case HasControl(s):
		d.FailNode(n, at, "holds a character that cannot be shown", "")
		ok = false
	}
	return s, ok
}

// HasControl finds what a terminal would act on instead of showing it, and
// what cannot be seen.
func HasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
