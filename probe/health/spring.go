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
		t.walk("", d.object["components"], 0)
	case d.has("details", '{') && isSpring(d.status) && isTree(d.object["details"]) && !d.has("info", '{'):
		t.walk("", d.object["details"], 0)
	case d.has("groups", '['), d.typed("spring-boot"):
	case isSpring(d.status) && flat(d.object):
		for _, name := range d.object.sorted() {
			if name != "status" {
				t.add(name, d.object[name], 0)
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
	for name, raw := range o {
		if name == "status" {
			continue
		}
		in, _ := asObject(raw)
		if _, ok := asString(in["status"]); !ok {
			return false
		}
	}
	return len(o) > 1
}
