package health

// readDropwizard is the servlet of Dropwizard Metrics: every member is a check
// with the flag `healthy`, and there is no word for the whole. It may be set to
// answer 200 whatever the checks say, so these decide.
func readDropwizard(d *document) (Verdict, bool) {
	for _, m := range d.object {
		check, _ := m.Value.Object()
		if form := check.Get("healthy").Form(); form != 't' && form != 'f' {
			return Verdict{}, false
		}
	}
	if len(d.object) == 0 {
		return Verdict{}, false
	}
	var t tree
	for _, m := range d.object {
		t.add(m.Name, m.Value, 0)
	}
	return Whole("dropwizard", t.components), true
}

// readDropwizardHealth is Dropwizard's health module, a list of checks. Only a
// critical one speaks for the whole.
func readDropwizardHealth(d *document) (Verdict, bool) {
	v := Verdict{Dialect: "dropwizard", Word: Well, Text: "healthy"}
	for _, raw := range d.array {
		check, _ := raw.Object()
		healthy, critical := check.Get("healthy").Form(), check.Get("critical").Form()
		if healthy != 't' && healthy != 'f' || critical != 't' && critical != 'f' {
			return Verdict{}, false
		}
		if healthy == 'f' && critical == 't' {
			v.Word, v.Text = Ill, "false"
		}
	}
	if len(d.array) == 0 {
		return Verdict{}, false
	}
	for i, raw := range d.array {
		if i < maxComponents {
			check, _ := raw.Object()
			c := Component{Name: nameOf(check, "check"), Word: Well, Text: "true"}
			if check.Get("healthy").Form() == 'f' {
				c.Word, c.Text, c.Detail = Ill, "false", detailOf(check, true)
			}
			v.Components = append(v.Components, c)
		}
	}
	return v, true
}
