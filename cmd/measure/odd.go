package measure

import (
	"github.com/midwatch-cli/midwatch/cmd/app"
	"github.com/midwatch-cli/midwatch/fleet"
)

// Odd says of pages that were read what may make numbers over them wrong: samples
// that were not kept, and a page that several instances of a service share, so
// that a sum over them has its calls several times. The first instance of each
// service is told for all.
func (r *Reading) Odd() (lines []string) {
	if !r.pages {
		return nil
	}
	for i := range r.Snapshot.Services {
		all := r.Snapshot.Services[i].Instances
		lines = append(lines, dropped(all)...)
		lines = append(lines, sharing(all)...)
	}
	return lines
}

// dropped tells what was not kept of the pages of a service.
func dropped(all []fleet.InstanceView) []string {
	var first *fleet.InstanceView
	n := 0
	for i := range all {
		if in := &all[i]; in.Scrape.Dropped > 0 && in.Scrape.Why.Reason == "" {
			if n++; first == nil {
				first = in
			}
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"the page of " + first.Key.String() + ": " + first.Scrape.Note}
	}
	return []string{"the page of " + first.Key.String() + ": " + first.Scrape.Note + "; and of " + app.Count(n-1, "more instance")}
}

// sharing tells which instances of a service have the same page.
func sharing(all []fleet.InstanceView) (lines []string) {
	at := map[string][]*fleet.InstanceView{}
	for i := range all {
		if in := &all[i]; in.Scrape.Why.Reason == "" && in.Scrape.URL != "" {
			at[in.Scrape.URL] = append(at[in.Scrape.URL], in)
		}
	}
	for i := range all {
		same := at[all[i].Scrape.URL]
		if len(same) < 2 || same[0] != &all[i] {
			continue
		}
		others := same[1].Key.Instance
		if len(same) > 2 {
			others = app.Count(len(same)-1, "more instance")
		}
		lines = append(lines, all[i].Key.String()+" and "+others+" have one page: what it counts is counted for each")
	}
	return lines
}
