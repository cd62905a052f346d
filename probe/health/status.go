package health

import (
	"cmp"
	"strings"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
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
		if raw := d.object.Get(key); key != name && (raw.Form() == '{' || raw.Form() == '[') {
			if v.Components = gather(raw); len(v.Components) > 0 {
				break
			}
		}
	}
	if terse(d.object) {
		v.Components = beside(d.object, name)
	}
	if message, _ := d.object.Get("message").Text(); spinningUp(message) {
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
func terse(o rawjson.Object) bool {
	for _, m := range o {
		text, ok := m.Value.Text()
		if word, _, _ := ParseWord(text); !ok || word == NoWord || envelope(m.Name) && m.Name != "status" {
			return false
		}
	}
	return len(o) > 1
}

// beside are the words of a terse object but the one for the whole.
func beside(o rawjson.Object, whole string) []Component {
	var t tree
	for _, m := range o {
		if m.Name != whole {
			t.add(m.Name, m.Value, 0)
		}
	}
	return t.components
}

// errorOnly is an object that has an error and no word, or {"success":false}: a
// call failed, and that says nothing sure of the service.
func errorOnly(d *document) (Verdict, bool) {
	if d.object.Get("success").Form() == 'f' {
		return Verdict{Dialect: "error", Word: Unknown, Detail: cmp.Or(d.detail(), "success is false")}, true
	}
	for _, name := range [...]string{"error", "errors"} {
		var text string
		switch raw := d.object.Get(name); raw.Form() {
		case '"':
			text, _ = raw.Text()
		case '{':
			o, _ := raw.Object()
			text = detailOf(o, true)
		case '[':
			if a, _ := raw.Array(); len(a) > 0 {
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
