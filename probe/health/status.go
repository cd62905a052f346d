package health

import (
	"cmp"
	"strings"
)

// readStatus is what people write by hand: {"status":"healthy", ...} and its
// kin, {"healthy":true}, etcd's {"health":"true"}. An error without a word says
// that something is wrong, and not that the service is.
func readStatus(d *document) (Verdict, bool) {
	name, text, ok := wordOf(d.object)
	if !ok {
		return errorOnly(d)
	}
	v := say("status", text)
	for _, key := range [...]string{"components", "checks", "details", "dependencies", "services", "entries", "results", "info"} {
		if raw := d.object.get(key); key != name && (formOf(raw) == '{' || formOf(raw) == '[') {
			if v.Components = gather(raw); len(v.Components) > 0 {
				break
			}
		}
	}
	if terse(d.object) {
		v.Components = beside(d.object, name)
	}
	if message, _ := asString(d.object.get("message")); spinningUp(message) {
		v.Word, v.Starting, v.Text = Unknown, true, message
	}
	if v.Word != Well {
		v.Detail = d.detail()
		if v.Detail == "" && text == "false" {
			v.Detail = name + " is false"
		}
	}
	return v, true
}

// spinningUp is InVisionApp/go-health before its first run, whose status is ok.
func spinningUp(message string) bool {
	_, _, starting := ParseWord(message)
	return starting
}

// terse is the form {"status":"ok","postgres":"ok"}: words and nothing else.
func terse(o object) bool {
	for _, m := range o {
		text, ok := asString(m.value)
		if word, _, _ := ParseWord(text); !ok || word == NoWord || envelope(m.name) && m.name != "status" {
			return false
		}
	}
	return len(o) > 1
}

// beside are the words of a terse object but the one for the whole.
func beside(o object, whole string) []Component {
	var t tree
	for _, m := range o {
		if m.name != whole {
			t.add(m.name, m.value, 0)
		}
	}
	return t.components
}

// errorOnly is an object that has an error and no word, or {"success":false}: a
// call failed, and that says nothing sure of the service.
func errorOnly(d *document) (Verdict, bool) {
	if formOf(d.object.get("success")) == 'f' {
		return Verdict{Dialect: "error", Word: Unknown, Detail: cmp.Or(d.detail(), "success is false")}, true
	}
	for _, name := range [...]string{"error", "errors"} {
		var text string
		switch raw := d.object.get(name); formOf(raw) {
		case '"':
			text, _ = asString(raw)
		case '{':
			o, _ := asObject(raw)
			text = detailOf(o, true)
		case '[':
			if a, _ := asArray(raw); len(a) > 0 {
				text = detailOfItem(a[0])
			}
		case 't':
			text = cmp.Or(d.detail(), name+" is true")
		default:
			continue
		}
		if text = strings.TrimSpace(text); text != "" {
			return Verdict{Dialect: "error", Word: Unknown, Detail: text}, true
		}
	}
	return Verdict{}, false
}
