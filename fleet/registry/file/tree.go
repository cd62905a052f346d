package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// kind is what a node of a document is.
type kind uint8

const (
	null kind = iota
	text      // any scalar, with its text as written: 2.10 stays 2.10
	list
	mapping
)

// place is a position in a file, both from 1.
type place struct{ line, column int }

// node is a document, JSON or YAML, with its positions.
type node struct {
	kind  kind
	at    place
	text  string
	items []node  // of a list
	pairs []field // of a mapping, in order
}

// field is one key of a mapping.
type field struct {
	name  string
	at    place
	value node
}

// syntaxError is a document that cannot be read, and where.
type syntaxError struct {
	at   place
	text string
}

func (e *syntaxError) Error() string { return e.text }

// maxDepth is far more than either layout has.
const maxDepth = 32

// errDeep is said where somebody nests for the sake of it.
var errDeep = errors.New("nested too deeply")

// parse reads a document: JSON where the name says so or where it is JSON, else
// YAML. Its error is a *syntaxError.
func parse(name string, data []byte) (node, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return node{}, &syntaxError{newCursor(data).to(firstInvalid(data)), "not UTF-8 text"}
	}
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return node{}, &syntaxError{place{1, 1}, "the file is empty; an empty list is written []"}
	}
	isJSON := strings.EqualFold(filepath.Ext(name), ".json")
	if isJSON || trimmed[0] == '[' || trimmed[0] == '{' {
		doc, err := parseJSON(data)
		if err == nil || isJSON {
			return doc, err
		}
	}
	return parseYAML(data)
}

// firstInvalid is the offset of the first byte that is not UTF-8.
func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// cursor knows the place of an offset and finds that of a later one from there:
// a file is often a single line, and counting from its start each time would
// take a time that grows with its square.
type cursor struct {
	data   []byte
	offset int
	at     place
}

func newCursor(data []byte) *cursor { return &cursor{data: data, at: place{1, 1}} }

// to moves on to an offset and returns its place.
func (c *cursor) to(offset int) place {
	for end := min(offset, len(c.data)); c.offset < end; {
		_, size := utf8.DecodeRune(c.data[c.offset:])
		if c.data[c.offset] == '\n' {
			c.at = place{c.at.line + 1, 0}
		}
		c.at.column++
		c.offset += size
	}
	return c.at
}

// jsonReader builds nodes from JSON tokens.
type jsonReader struct {
	*json.Decoder
	where *cursor
}

func parseJSON(data []byte) (node, error) {
	r := jsonReader{json.NewDecoder(bytes.NewReader(data)), newCursor(data)}
	r.UseNumber()
	doc, err := r.node(0)
	if err == nil {
		after := r.next()
		if _, end := r.Token(); !errors.Is(end, io.EOF) {
			err = &syntaxError{after, "something follows the end of the document"}
		}
	}
	var known *syntaxError
	if err == nil || errors.As(err, &known) {
		return doc, err
	}
	// Tokens do not say where they broke; reading the whole does.
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(data, new(json.RawMessage)), &syntax) {
		return node{}, &syntaxError{r.next(), "not JSON: " + err.Error()}
	}
	at := newCursor(data).to(int(syntax.Offset) - 1)
	if int(syntax.Offset) >= len(data) && strings.Contains(syntax.Error(), "unexpected end") {
		return node{}, &syntaxError{newCursor(data).to(len(data)), "not JSON: the document ends in the middle"}
	}
	return node{}, &syntaxError{at, "not JSON: " + syntax.Error()}
}

// next is where the next token starts.
func (r jsonReader) next() place {
	data, i := r.where.data, int(r.InputOffset())
	for i < len(data) && strings.IndexByte(" \t\r\n,:", data[i]) >= 0 {
		i++
	}
	return r.where.to(i)
}

// node reads one value.
func (r jsonReader) node(depth int) (node, error) {
	n := node{at: r.next()}
	if depth > maxDepth {
		return n, &syntaxError{n.at, errDeep.Error()}
	}
	token, err := r.Token()
	if err != nil {
		return n, err
	}
	switch v := token.(type) {
	case nil:
	case string:
		n.kind, n.text = text, v
	case json.Number:
		n.kind, n.text = text, v.String()
	case bool:
		n.kind, n.text = text, fmt.Sprint(v)
	case json.Delim:
		if v == '[' {
			return r.list(n, depth)
		}
		return r.mapping(n, depth)
	}
	return n, nil
}

func (r jsonReader) list(n node, depth int) (node, error) {
	n.kind = list
	for r.More() {
		item, err := r.node(depth + 1)
		if err != nil {
			return n, err
		}
		n.items = append(n.items, item)
	}
	_, err := r.Token()
	return n, err
}

func (r jsonReader) mapping(n node, depth int) (node, error) {
	n.kind = mapping
	for r.More() {
		f := field{at: r.next()}
		key, err := r.Token()
		if err != nil {
			return n, err
		}
		f.name = fmt.Sprint(key)
		if f.value, err = r.node(depth + 1); err != nil {
			return n, err
		}
		n.pairs = append(n.pairs, f)
	}
	_, err := r.Token()
	return n, err
}

// parseYAML reads one YAML document.
func parseYAML(data []byte) (doc node, err error) {
	// Broken text can make the parser panic; that is broken text and no more.
	defer func() {
		if recover() != nil {
			doc, err = node{}, &syntaxError{place{1, 1}, "the YAML cannot be made sense of"}
		}
	}()
	// The parser counts the lines of comments that end in CRLF twice.
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	if at, deep := tooDeep(data); deep {
		return node{}, &syntaxError{at, errDeep.Error()}
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, said := place{1, 1}, "the YAML cannot be made sense of"
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			said = "not YAML: " + strings.Join(strings.Fields(syntax.GetMessage()), " ")
			if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
				at = place{tk.Position.Line, tk.Position.Column}
			}
		}
		return node{}, &syntaxError{at, said}
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType || d.Body.Type() == ast.CommentGroupType {
			continue
		}
		if body != nil {
			return node{}, &syntaxError{placeOf(d.Body), "a second document; a file holds one"}
		}
		body = d.Body
	}
	if body == nil {
		return node{}, &syntaxError{place{1, 1}, "the file is empty; an empty list is written []"}
	}
	return fromYAML(body, 0)
}

// tooDeep finds a line that opens more brackets, or is indented further, than
// any file of ours; the parser would recurse on it.
func tooDeep(data []byte) (place, bool) {
	const limit = 2000
	depth := 0
	for i, c := range data {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		}
		if depth > limit {
			return newCursor(data).to(i), true
		}
	}
	for n, line := range bytes.Split(data, []byte("\n")) {
		lead := len(line) - len(bytes.TrimLeft(line, " -?:"))
		if lead > limit {
			return place{n + 1, 1}, true
		}
	}
	return place{}, false
}

func placeOf(n ast.Node) place {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return place{max(1, tk.Position.Line), max(1, tk.Position.Column)}
	}
	return place{1, 1}
}

// fromYAML turns the parser's tree into ours. Anchors, aliases, tags and merges
// are refused: a list of addresses needs none of them, and they can make a
// small file unfold without end.
func fromYAML(y ast.Node, depth int) (node, error) {
	n := node{at: placeOf(y)}
	if depth > maxDepth {
		return n, &syntaxError{n.at, errDeep.Error()}
	}
	switch v := y.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		n.kind, n.text = text, v.Value
	case *ast.LiteralNode:
		n.kind, n.text = text, v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = text, y.GetToken().Value
	case *ast.SequenceNode:
		n.kind = list
		for _, value := range v.Values {
			item, err := fromYAML(value, depth+1)
			if err != nil {
				return n, err
			}
			n.items = append(n.items, item)
		}
	case *ast.MappingNode:
		return yamlPairs(n, v.Values, depth)
	case *ast.MappingValueNode:
		return yamlPairs(n, []*ast.MappingValueNode{v}, depth)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return n, &syntaxError{n.at, "anchors, aliases, tags and merges are not read here; write the values out"}
	default:
		return n, &syntaxError{n.at, "not a value, a list or a mapping"}
	}
	return n, nil
}

func yamlPairs(n node, values []*ast.MappingValueNode, depth int) (node, error) {
	n.kind = mapping
	for _, v := range values {
		key, err := fromYAML(v.Key, depth+1)
		if err != nil {
			return n, err
		}
		if key.kind != text {
			return n, &syntaxError{key.at, "a key must be a plain text"}
		}
		value, err := fromYAML(v.Value, depth+1)
		if err != nil {
			return n, err
		}
		if len(n.pairs) == 0 {
			n.at = key.at
		}
		n.pairs = append(n.pairs, field{key.text, key.at, value})
	}
	return n, nil
}
