package health

import "strings"

// readTerminus is @nestjs/terminus and @godaddy/terminus: beside the status
// `details` holds all checks, `info` those that are well, `error` those that are
// not; where checks have no names these are lists of messages. A godaddy
// service that is leaving says `error` like any other: that it drains would be
// a guess.
func readTerminus(d *document) (Verdict, bool) {
	if !d.says() || d.object.Get("details") == "" {
		return Verdict{}, false
	}
	switch {
	case d.has("error", '[') && d.has("details", '['):
	case d.has("info", '{') && d.has("error", '{') && d.has("details", '{'):
	case d.has("info", '{') && isTree(d.object.Get("info")) && d.has("details", '{'):
	default:
		return Verdict{}, false
	}
	v := say("terminus", d.status)
	v.Components = gather(d.object.Get("details"))
	if v.Word != Well && d.has("error", '[') {
		v.Detail = d.detail()
	}
	return v, true
}

// readLightship is lightship: one constant a state. SERVER_IS_NOT_READY stands
// for "not yet" and for "no longer" alike, and counts as ill.
func readLightship(text string) (Verdict, bool) {
	if !strings.HasPrefix(text, "SERVER_IS_") {
		return Verdict{}, false
	}
	v := say("lightship", text)
	return v, v.Word != Unknown
}
