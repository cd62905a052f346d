package health

import (
	"slices"

	"github.com/midwatch-cli/midwatch/probe/health/rawjson"
)

// readIETF is application/health+json, draft-inadarei-api-health-check-06 and
// before: `checks` (in drafts 00 and 01 `details`) holds lists of measurements
// by the name component:measurement.
func readIETF(d *document) (Verdict, bool) {
	if !d.says() {
		return Verdict{}, false
	}
	t := tree{measured: true}
	switch {
	case lists(d.object.Get("checks")):
		t.walk("", d.object.Get("checks"), 0)
	case lists(d.object.Get("details")):
		t.walk("", d.object.Get("details"), 0)
	case d.typed("application/health+json"):
	default:
		return Verdict{}, false
	}
	v := say("ietf", d.status)
	v.Components = t.components
	if v.Word != Well {
		v.Detail = d.detail()
	}
	return v, true
}

// lists says that an object has members, and that all are lists.
func lists(raw rawjson.Value) bool {
	o, _ := raw.Object()
	return len(o) > 0 && !slices.ContainsFunc(o, func(m rawjson.Member) bool { return m.Value.Form() != '[' })
}
