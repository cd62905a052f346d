package health

// readMicroProfile is MicroProfile Health, as Quarkus, Open Liberty, WildFly and
// Helidon speak it: `checks` is a list of checks with a name and a status.
// Version 1 called the outer word `outcome`, and each check's `state`.
func readMicroProfile(d *document) (Verdict, bool) {
	checks, ok := d.object.Get("checks").Array()
	word := d.status
	if word == "" {
		word, _ = d.object.Get("outcome").Text()
	}
	if !ok || word == "" {
		return Verdict{}, false
	}
	for _, raw := range checks {
		check, _ := raw.Object()
		_, named := check.Get("name").Text()
		if name, _, ok := wordOf(check); !named || !ok || name != "status" && name != "state" {
			return Verdict{}, false
		}
	}
	v := say("microprofile", word)
	v.Components = gather(d.object.Get("checks"))
	return v, true
}
