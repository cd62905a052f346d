package health

import (
	"strings"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// readSpring is Spring Boot's actuator: `components` (3.x, 2.2 and later),
// `details` of components (2.0, 2.1), `groups`, or a flat object in which every
// other member is a component (1.x). Details are mostly hidden, so that
// {"status":"UP"} is all there is; then the media type tells.
func readSpring(d *document) (Verdict, bool) {
	if !d.says() {
		return Verdict{}, false
	}
	var t tree
	switch {
	case d.has("components", '{'):
		t.walk("", d.object.Get("components"), 0)
	case d.has("details", '{') && isSpring(d.status) && isTree(d.object.Get("details")) && !d.has("info", '{'):
		t.walk("", d.object.Get("details"), 0)
	case d.has("groups", '['), d.typed("spring-boot"):
	case isSpring(d.status) && flat(d.object):
		for _, m := range d.object {
			if m.Name != "status" {
				t.add(m.Name, m.Value, 0)
			}
		}
	default:
		return Verdict{}, false
	}
	v := say("spring", d.status)
	v.Components = t.components
	if v.Word != Well {
		v.Detail = detailOf(d.object, true)
	}
	return v, true
}

// isSpring tells Spring's words, which are upper case, from those of libraries
// with the same form.
func isSpring(word string) bool { return word == strings.ToUpper(word) }

// flat is the form of Spring Boot 1.x: beside the status, only components.
func flat(o rawjson.Object) bool {
	for _, m := range o {
		if m.Name == "status" {
			continue
		}
		in, _ := m.Value.Object()
		if _, ok := in.Get("status").Text(); !ok {
			return false
		}
	}
	return len(o) > 1
}
