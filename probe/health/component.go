package health

import (
	"strconv"
)

// tree collects components from whatever form a dialect keeps them in.
type tree struct {
	components []Component
	measured   bool // the dialect measures: observedValue is worth a detail
}

// gather reads components from an object (name to check) or an array of checks
// that name themselves.
func gather(raw value) []Component {
	var t tree
	t.walk("", raw, 0)
	return t.components
}

// walk reads a container: its members are components.
func (t *tree) walk(prefix string, raw value, depth int) {
	if depth > maxDepth {
		return
	}
	if o, ok := asObject(raw); ok {
		for _, m := range o {
			t.add(join(prefix, m.name), m.value, depth)
		}
		return
	}
	a, _ := asArray(raw)
	for i, item := range a {
		name := strconv.Itoa(i + 1)
		if o, ok := asObject(item); ok {
			name = nameOf(o, name)
		}
		t.add(join(prefix, name), item, depth)
	}
}

// add reads one component: a word, a flag, an object that has one, or a list of
// such objects (health+json). What has none is no component.
func (t *tree) add(name string, raw value, depth int) {
	if len(t.components) >= maxComponents {
		return
	}
	switch formOf(raw) {
	case '"':
		s, _ := asString(raw)
		if text, rest, word := parseLead(s); word != NoWord {
			t.components = append(t.components, Component{name, word, text, rest})
		}
	case 't':
		t.components = append(t.components, Component{Name: name, Word: Well, Text: "true"})
	case 'f':
		t.components = append(t.components, Component{Name: name, Word: Ill, Text: "false"})
	case '[':
		a, _ := asArray(raw)
		for i, item := range a {
			if o, ok := asObject(item); ok {
				inner := name
				if len(a) > 1 {
					inner = join(name, nameOf(o, strconv.Itoa(i+1)))
				}
				t.addObject(inner, o, depth)
			}
		}
	case '{':
		o, _ := asObject(raw)
		t.addObject(name, o, depth)
	}
}

// addObject reads a component that is an object, and those inside it.
func (t *tree) addObject(name string, o object, depth int) {
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
	t.walk(name, o.get("components"), depth+1)
	if isTree(o.get("details")) {
		t.walk(name, o.get("details"), depth+1) // Spring Boot 2.0 and 2.1
	}
}

// isTree says that an object holds components and not facts: every member is an
// object that has a status.
func isTree(raw value) bool {
	o, _ := asObject(raw)
	for _, m := range o {
		in, ok := asObject(m.value)
		if !ok {
			return false
		}
		if _, ok := asString(in.get("status")); !ok {
			return false
		}
	}
	return len(o) > 0
}

// measurement is what a check of health+json observed, with its unit. Drafts
// before 02 called both otherwise.
func measurement(o object) string {
	value, unit := o.get("observedValue"), o.get("observedUnit")
	if value == "" {
		value, unit = o.get("metricValue"), o.get("metricUnit")
	}
	text, ok := asString(value)
	if !ok && formOf(value) != '{' && formOf(value) != '[' {
		text = string(value)
	}
	if u, _ := asString(unit); u != "" && text != "" {
		text += " " + u
	}
	return text
}

// nameOf is how a check in a list calls itself.
func nameOf(o object, otherwise string) string {
	for _, key := range [...]string{"name", "componentId", "id", "key"} {
		if s, ok := asString(o.get(key)); ok && s != "" {
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
