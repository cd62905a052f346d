package health

import (
	"strconv"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// tree collects components from whatever form a dialect keeps them in.
type tree struct {
	components []Component
	measured   bool // the dialect measures: observedValue is worth a detail
}

// gather reads components from an object (name to check) or an array of checks
// that name themselves.
func gather(raw rawjson.Value) []Component {
	var t tree
	t.walk("", raw, 0)
	return t.components
}

// walk reads a container: its members are components.
func (t *tree) walk(prefix string, raw rawjson.Value, depth int) {
	if depth > maxDepth {
		return
	}
	if o, ok := raw.Object(); ok {
		for _, m := range o {
			t.add(join(prefix, m.Name), m.Value, depth)
		}
		return
	}
	a, _ := raw.Array()
	for i, item := range a {
		name := strconv.Itoa(i + 1)
		if o, ok := item.Object(); ok {
			name = nameOf(o, name)
		}
		t.add(join(prefix, name), item, depth)
	}
}

// add reads one component: a word, a flag, an object that has one, or a list of
// such objects (health+json). What has none is no component.
func (t *tree) add(name string, raw rawjson.Value, depth int) {
	if len(t.components) >= maxComponents {
		return
	}
	switch raw.Form() {
	case '"':
		s, _ := raw.Text()
		if text, rest, word := parseLead(s); word != NoWord {
			t.components = append(t.components, Component{name, word, text, rest})
		}
	case 't':
		t.components = append(t.components, Component{Name: name, Word: Well, Text: "true"})
	case 'f':
		t.components = append(t.components, Component{Name: name, Word: Ill, Text: "false"})
	case '[':
		a, _ := raw.Array()
		for i, item := range a {
			if o, ok := item.Object(); ok {
				inner := name
				if len(a) > 1 {
					inner = join(name, nameOf(o, strconv.Itoa(i+1)))
				}
				t.addObject(inner, o, depth)
			}
		}
	case '{':
		o, _ := raw.Object()
		t.addObject(name, o, depth)
	}
}

// addObject reads a component that is an object, and those inside it.
func (t *tree) addObject(name string, o rawjson.Object, depth int) {
	if _, text, ok := wordOf(o); ok && len(t.components) < maxComponents {
		v := say("", text)
		c := Component{Name: name, Word: v.Word, Text: text}
		if c.Word != Well {
			c.Detail = detailOf(o, true)
		}
		if c.Detail == "" && t.measured {
			c.Detail = measurement(o)
		}
		t.components = append(t.components, c)
	}
	t.walk(name, o.Get("components"), depth+1)
	if isTree(o.Get("details")) {
		t.walk(name, o.Get("details"), depth+1) // Spring Boot 2.0 and 2.1
	}
}

// isTree says that an object holds components and not facts: every member is an
// object that has a status.
func isTree(raw rawjson.Value) bool {
	o, _ := raw.Object()
	for _, m := range o {
		in, ok := m.Value.Object()
		if !ok {
			return false
		}
		if _, ok := in.Get("status").Text(); !ok {
			return false
		}
	}
	return len(o) > 0
}

// measurement is what a check of health+json observed, with its unit. Drafts
// before 02 called both otherwise.
func measurement(o rawjson.Object) string {
	value, unit := o.Get("observedValue"), o.Get("observedUnit")
	if value == "" {
		value, unit = o.Get("metricValue"), o.Get("metricUnit")
	}
	text, ok := value.Text()
	if !ok && value.Form() != '{' && value.Form() != '[' {
		text = string(value)
	}
	if u, _ := unit.Text(); u != "" && text != "" {
		text += " " + u
	}
	return text
}

// nameOf is how a check in a list calls itself.
func nameOf(o rawjson.Object, otherwise string) string {
	for _, key := range [...]string{"name", "componentId", "id", "key"} {
		if s, ok := o.Get(key).Text(); ok && s != "" {
			return s
		}
	}
	return otherwise
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "/" + name
}
