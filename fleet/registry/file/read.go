package file

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// reader turns one document into services and gathers what is wrong with it.
type reader struct {
	file     string // as shown
	problems []string
	hint     string // of the first problem that has one
	warnings []fleet.Warning
}

// maxProblems is how many are shown; a file that is something else altogether
// would make thousands.
const maxProblems = 20

// decode reads a document in a format: auto, inventory or file_sd. Its error
// holds every problem with its place and wraps registry.ErrConfig.
func decode(file, format string, data []byte) ([]fleet.Service, []fleet.Warning, error) {
	r := &reader{file: file}
	doc, err := parse(file, data)
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		r.failText(syntax.at, "", syntax.text, "")
		return nil, nil, r.err()
	}
	var services []fleet.Service
	switch {
	case doc.kind == list && format != formatInventory:
		services = r.targetGroups(doc)
	case doc.kind == mapping && format != formatFileSD:
		services = r.inventory(doc)
	case format == formatInventory:
		r.failText(doc.at, "", "not an inventory: want a mapping with services at the top", "")
	case format == formatFileSD:
		r.failText(doc.at, "", "not file_sd: want a list of target groups at the top", "")
	default:
		r.failText(doc.at, "", "want a list (Prometheus file_sd) or a mapping with services (inventory) at the top", "")
	}
	if err := r.err(); err != nil {
		return nil, nil, err
	}
	registry.Sort(services)
	return services, r.warnings, nil
}

// err is all problems as one error; nil where there are none.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	shown := r.problems[:min(len(r.problems), maxProblems)]
	said := strings.Join(shown, "\n")
	if more := len(r.problems) - len(shown); more > 0 {
		said += fmt.Sprintf("\n%s: and %d more", clean(r.file), more)
	}
	return registry.Misconfigured(registry.ReasonBody, r.hint, "%s", said)
}

// failText notes a problem: file:line:column: path: what.
func (r *reader) failText(at place, path, what, hint string) {
	where := r.where(at)
	if path != "" {
		where += ": " + path
	}
	r.problems = append(r.problems, where+": "+what)
	if r.hint == "" {
		r.hint = hint
	}
}

// where is a position as editors take it.
func (r *reader) where(at place) string {
	return fmt.Sprintf("%s:%d:%d", clean(r.file), at.line, at.column)
}

// clean makes a name fit for a line of text.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return '?'
		}
		return c
	}, s)
}

// fields hands each key of a mapping to its reader, and refuses unknown and
// repeated ones. Keys that have no value are as good as absent.
func (r *reader) fields(n node, path string, known map[string]func(n node, path string)) {
	if n.kind != mapping {
		r.failText(n.at, path, "want a mapping", "")
		return
	}
	seen := map[string]bool{}
	for _, f := range n.pairs {
		below := f.name
		if path != "" {
			below = path + "." + f.name
		}
		read, ok := known[f.name]
		switch {
		case !ok:
			r.unknown(f, path, known)
		case seen[f.name]:
			r.failText(f.at, below, "given twice", "")
		case f.value.kind != null:
			read(f.value, below)
		}
		seen[f.name] = true
	}
}

// unknown refuses a key and says which was probably meant.
func (r *reader) unknown(f field, path string, known map[string]func(node, string)) {
	var names []string
	for name := range known {
		names = append(names, name)
	}
	hint := ""
	if near := registry.Nearest(f.name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	r.failText(f.at, path, fmt.Sprintf("unknown key %q", f.name), hint)
}

// each hands every item of a list to its reader.
func (r *reader) each(n node, path string, read func(n node, path string)) {
	if n.kind != list {
		r.failText(n.at, path, "want a list", "")
		return
	}
	for i, item := range n.items {
		read(item, path+"["+strconv.Itoa(i)+"]")
	}
}

// text stores a scalar as it is: labels may hold anything, whoever shows them
// has to take care.
func (r *reader) text(into *string) func(node, string) {
	return func(n node, path string) {
		if n.kind != text {
			r.failText(n.at, path, "want a text", "")
			return
		}
		*into = n.text
	}
}

// name stores a scalar that names something: control characters are refused,
// since no such name can be typed, shown or compared.
func (r *reader) name(into *string) func(node, string) {
	return func(n node, path string) {
		r.text(into)(n, path)
		if n.kind == text && r.badName(n.at, path, n.text) {
			*into = ""
		}
	}
}

// badName refuses a name with control characters.
func (r *reader) badName(at place, path, name string) bool {
	for _, c := range name {
		if unicode.IsControl(c) {
			r.failText(at, path, fmt.Sprintf("control character %U", c), "")
			return true
		}
	}
	return false
}

// names stores a list of names.
func (r *reader) names(into *[]string) func(node, string) {
	return func(n node, path string) {
		r.each(n, path, func(n node, path string) {
			var one string
			r.name(&one)(n, path)
			if one != "" {
				*into = append(*into, one)
			}
		})
	}
}

// number stores a whole number from 0 on.
func (r *reader) number(into *int) func(node, string) {
	return func(n node, path string) {
		v, err := strconv.Atoi(n.text)
		if n.kind != text || err != nil || v < 0 {
			r.failText(n.at, path, fmt.Sprintf("%q is not a whole number from 0 on", n.text), "")
			return
		}
		*into = v
	}
}

// labels stores a mapping of texts. Empty names are refused.
func (r *reader) labels(into *map[string]string) func(node, string) {
	return func(n node, path string) {
		if n.kind != mapping {
			r.failText(n.at, path, "want a mapping of texts", "")
			return
		}
		out := make(map[string]string, len(n.pairs))
		for _, f := range n.pairs {
			below := path + "." + clean(f.name)
			if _, twice := out[f.name]; twice {
				r.failText(f.at, below, "given twice", "")
			}
			if f.name == "" || r.badName(f.at, path, f.name) {
				r.failText(f.at, path, "a label needs a name", "")
				continue
			}
			var value string
			if f.value.kind != null {
				r.text(&value)(f.value, below)
			}
			out[f.name] = value
		}
		*into = out
	}
}

// address checks host:port, or the path of a unix socket, and says what is
// wrong with it.
func checkAddress(s string) (addr, problem string) {
	if path, ok := strings.CutPrefix(s, "unix://"); ok {
		s = path
		if !strings.HasPrefix(path, "/") {
			return "", "the path of a socket must be absolute"
		}
	}
	if strings.HasPrefix(s, "/") {
		return s, ""
	}
	if strings.Contains(s, "://") {
		return "", "an address is HOST:PORT, without a scheme; the scheme is a label"
	}
	if strings.ContainsAny(s, " \t/@\"'<>\\^`{|}#?") {
		return "", "not HOST:PORT"
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		if strings.Count(s, ":") > 1 && !strings.HasPrefix(s, "[") {
			return "", "an IPv6 address needs brackets: [::1]:8080"
		}
		return "", "want HOST:PORT"
	}
	n, err := strconv.Atoi(port)
	switch {
	case host == "":
		return "", "no host before the port"
	case errors.Is(err, strconv.ErrRange) || err == nil && (n < 1 || n > 65535):
		return "", "port " + port + " is out of range: 1 to 65535"
	case err != nil:
		return "", fmt.Sprintf("port %q is not a number", port)
	}
	return s, ""
}
