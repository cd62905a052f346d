package page

import (
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/change"
	"github.com/midwatch-cli/midwatch/tui/desk"
)

// Orders are the keys that give orders to breakers. About says what they are
// about and, where that names no breaker, which there are to choose from.
func Orders(about func() (targets []desk.Target, choice []string)) []Binding {
	key := func(k string, v desk.Verb, late bool, means string) Binding {
		return Binding{Keys: []string{k}, Shown: k, Does: string(v), Means: means, Late: late, Write: true, Do: func(*View) Intent {
			targets, choice := about()
			return wanted(v, targets, choice)
		}}
	}
	return []Binding{
		key("T", desk.Trip, false, "calls through a breaker are refused at once"),
		key("R", desk.Reset, false, "it is closed and left alone"),
		key("B", desk.Bypass, true, "calls pass unprotected"),
		key("H", desk.HalfOpen, true, "a few calls are let through, and decide"),
	}
}

// Drains are the keys that take instances out of use, and put them back.
func Drains(about func() []desk.Target) []Binding {
	key := func(k string, v desk.Verb, late bool, means string) Binding {
		return Binding{Keys: []string{k}, Shown: k, Does: string(v), Means: means, Late: late, Write: true, Do: func(*View) Intent {
			return wanted(v, about(), nil)
		}}
	}
	return []Binding{
		key("D", desk.Drain, false, "an instance gets no new calls, those in flight finish"),
		key("E", desk.Undrain, true, "calls come again"),
	}
}

// Undo is the key that takes a change back. About says which; nil is none.
func Undo(about func() *change.Batch) Binding {
	return Binding{Keys: []string{"U"}, Shown: "U", Does: "undo", Means: "what a change did is put back as it was", Write: true, Do: func(*View) Intent {
		b := about()
		if b == nil {
			return Want{Wish: desk.Wish{Verb: desk.Undo}}
		}
		return Want{Wish: desk.Wish{Verb: desk.Undo, Change: b.ID, Context: b.Context}}
	}}
}

// Elsewhere says where a key that changes something is at home; empty for all
// other keys.
func Elsewhere(key string) string {
	switch key {
	case "T", "R", "B", "H":
		return key + " is about breakers: enter a service, or :breakers"
	case "D", "E":
		return key + " is about instances: enter a service"
	case "U":
		return "U undoes a change: :changes lists them"
	}
	return ""
}

func wanted(v desk.Verb, targets []desk.Target, choice []string) Intent {
	if len(targets) == 0 {
		return Want{Wish: desk.Wish{Verb: v}}
	}
	return Want{Wish: desk.Wish{Verb: v, Targets: targets, Context: targets[0].Key.Context}, Breakers: choice}
}

// BreakersOf are the names of the breakers that instances have, each once.
func BreakersOf(in ...fleet.InstanceView) (names []string) {
	known := map[string]bool{}
	for i := range in {
		for k := range in[i].Breakers {
			if name := in[i].Breakers[k].Name; !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
