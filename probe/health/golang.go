package health

import "strings"

// readHellofresh is hellofresh/health-go: `failures` maps the checks that failed
// to a text; `component` and `system` are no verdict.
func readHellofresh(d *document) (Verdict, bool) {
	component, _ := asObject(d.object["component"])
	if !d.says() || !d.has("failures", '{') && (component["name"] == nil || !d.has("timestamp", '"')) {
		return Verdict{}, false
	}
	v := say("hellofresh", d.status)
	failures, _ := asObject(d.object["failures"])
	for _, name := range failures.sorted() {
		text, _ := asString(failures[name])
		if len(v.Components) < maxComponents {
			v.Components = append(v.Components, Component{name, Ill, "failed", text})
		}
	}
	if v.Word == Warn {
		// Only checks that may fail did.
		for i := range v.Components {
			v.Components[i].Word = Warn
		}
	}
	return v, true
}

// readAlexliesenfeld is alexliesenfeld/health: `details` by name, each with the
// time of its last run. Before the first run the word is unknown and the time is
// the year 1: not ready yet.
func readAlexliesenfeld(d *document) (Verdict, bool) {
	if !d.says() || !isTree(d.object["details"]) {
		return Verdict{}, false
	}
	v := say("alexliesenfeld", d.status)
	v.Components = gather(d.object["details"])
	details, _ := asObject(d.object["details"])
	for _, raw := range details {
		check, _ := asObject(raw)
		if at, _ := asString(check["timestamp"]); v.Word == Unknown && strings.HasPrefix(at, "0001-01-01T") {
			v.Starting = true
		}
	}
	return v, true
}
