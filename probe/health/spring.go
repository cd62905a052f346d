package health

import "strings"

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
		t.walk("", d.object.get("components"), 0)
	case d.has("details", '{') && isSpring(d.status) && isTree(d.object.get("details")) && !d.has("info", '{'):
		t.walk("", d.object.get("details"), 0)
	case d.has("groups", '['), d.typed("spring-boot"):
	case isSpring(d.status) && flat(d.object):
		for _, m := range d.object {
			if m.name != "status" {
				t.add(m.name, m.value, 0)
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
func flat(o object) bool {
	for _, m := range o {
		if m.name == "status" {
			continue
		}
		in, _ := asObject(m.value)
		if _, ok := asString(in.get("status")); !ok {
			return false
		}
	}
	return len(o) > 1
}
