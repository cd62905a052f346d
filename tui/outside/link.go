package outside

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/tui/reading"

	tea "charm.land/bubbletea/v2"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/describe"
	"github.com/midwatch-cli/midwatch/tui/page"
	"github.com/midwatch-cli/midwatch/tui/theme"
	"github.com/midwatch-cli/midwatch/tui/widget"
)

// Link is an address of the web that metadata names.
type Link struct {
	Name string // of the label: runbook
	URL  string
}

// known are the labels that stand first, in this order.
func known() []string { return []string{"runbook", "dashboard", "logs", "traces", "docs"} }

// Links are the addresses of the web that labels hold, whatever the labels are
// called: those that people look for first, each address once. What is no address,
// or has a password in it, is none; nor is what midwatch itself reads (admin).
func Links(labels ...map[string]string) (all []Link) {
	for _, of := range labels {
		for _, k := range slices.Sorted(maps.Keys(of)) {
			link := Link{nameOf(k), webAddress(of[k])}
			if link.URL == "" || link.Name == "admin" || slices.ContainsFunc(all, func(l Link) bool { return l.URL == link.URL }) {
				continue
			}
			all = append(all, link)
		}
	}
	rank := func(l Link) int {
		for i, k := range known() {
			if strings.HasPrefix(l.Name, k) {
				return i
			}
		}
		return len(known())
	}
	slices.SortStableFunc(all, func(a, b Link) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// nameOf is what a label calls a link: without what stands before the names of
// ours, and without saying that it is one.
func nameOf(label string) string {
	name := strings.ToLower(label)
	for _, before := range []string{"midwatch.io/", "midwatch_", "midwatch.", "link.", "link_", "link-"} {
		name = strings.TrimPrefix(name, before)
	}
	for _, behind := range []string{"_url", "-url", ".url"} {
		name = strings.TrimSuffix(name, behind)
	}
	return theme.Clean(cmp.Or(name, "link"))
}

// webAddress is an address for a browser; empty where a text is none.
func webAddress(text string) string {
	const most = 2000
	if len(text) > most || theme.Clean(text) != text {
		return ""
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// link opens the link of what a place is about; where there are several the person
// chooses.
func (o *Outside) link(of page.Place) error {
	v := o.screen.View()
	links := linksOf(&v, of)
	switch len(links) {
	case 0:
		return &fleet.Error{Detail: cmp.Or(theme.Clean(describe.Name(of)), "it") + " has no link", Hint: "one is a label: runbook=https://..."}
	case 1:
		o.follow(links[0])
		return nil
	}
	choice := reading.NewChoice("Open")
	for _, l := range links {
		choice.Offer(l.Name, l.URL, page.Link{URL: l.URL})
	}
	o.screen.Open(choice)
	return nil
}

// linksOf are those of an instance, then those of its service.
func linksOf(v *page.View, of page.Place) []Link {
	var labels []map[string]string
	if in := page.FindInstance(v.Snapshot, of.Key); in != nil {
		labels = append(labels, in.Labels)
	}
	if s := page.FindService(v.Snapshot, of.Key.Ref); s != nil {
		labels = append(labels, s.Labels)
		if of.Key.Instance == "" { // what all of its instances say
			for i := range s.Instances {
				labels = append(labels, s.Instances[i].Labels)
			}
		}
	}
	return Links(labels...)
}

// Follow opens an address, where it is one of the web.
func (o *Outside) Follow(address string) {
	if address = webAddress(address); address == "" {
		o.screen.Say("this is no address of the web")
		return
	}
	o.follow(Link{URL: address})
}

// patience is how long a program may take to say that it cannot open something.
const patience = 10 * time.Second

func (o *Outside) follow(l Link) {
	if o.world.Browse == nil {
		o.handOver(l.URL, nil)
		return
	}
	browse := o.world.Browse
	o.screen.Do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := browse(ctx, l.URL); err != nil {
			return Msg{url: l.URL, err: err}
		}
		return Msg{}
	})
	o.screen.Say("opening " + l.URL)
}

// handOver gives the person an address that cannot be opened here: it is copied,
// and shown in full.
func (o *Outside) handOver(address string, why error) {
	first := "There is no browser here (over SSH none is looked for)."
	if why != nil {
		first = "It could not be opened: " + sentence(why)
	}
	second := "It was handed to the clipboard of your terminal."
	if err := o.Clip(address, address); err != nil {
		second = sentence(err)
	}
	o.screen.Open(reading.NewText("Link", []widget.Line{
		widget.Blank(), widget.Text(theme.Accent, " "+address), widget.Blank(), widget.Text(theme.Plain, " "+first), widget.Text(theme.Plain, " "+second),
	}))
}
