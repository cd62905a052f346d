package health

import "strings"

// readHellofresh is hellofresh/health-go: `failures` maps the checks that failed
// to a text; `component` and `system` are no verdict.
func readHellofresh(d *document) (Verdict, bool) {
	component, _ := d.object.Get("component").Object()
	if !d.says() || !d.has("failures", '{') && (component.Get("name") == "" || !d.has("timestamp", '"')) {
		return Verdict{}, false
	}
	v := say("hellofresh", d.status)
	failures, _ := d.object.Get("failures").Object()
	for _, m := range failures {
		text, _ := m.Value.Text()
		if len(v.Components) < maxComponents {
			v.Components = append(v.Components, Component{m.Name, Ill, "failed", text})
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
	if !d.says() || !isTree(d.object.Get("details")) {
		return Verdict{}, false
	}
	v := say("alexliesenfeld", d.status)
	v.Components = gather(d.object.Get("details"))
	details, _ := d.object.Get("details").Object()
	for _, m := range details {
		check, _ := m.Value.Object()
		if at, _ := check.Get("timestamp").Text(); v.Word == Unknown && strings.HasPrefix(at, "0001-01-01T") {
			v.Starting = true
		}
	}
	return v, true
}
