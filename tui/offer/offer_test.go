package offer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/tui/offer"
	"github.com/midwatch-cli/midwatch/tui/page"
)

// shop is a snapshot of two contexts.
func shop() *fleet.Snapshot {
	service := func(context, source, namespace, name string, instances ...fleet.Instance) fleet.ServiceView {
		s := fleet.ServiceView{Ref: fleet.Ref{Context: context, Source: source, Namespace: namespace, Name: name}}
		for _, in := range instances {
			s.Instances = append(s.Instances, fleet.InstanceView{Key: fleet.Key{Ref: s.Ref, Instance: in.ID}, Instance: in})
		}
		return s
	}
	payment := service("prod", "etcd", "", "payment",
		fleet.Instance{ID: "payment-1", Zone: "a", Version: "2.4.0", Labels: map[string]string{"team": "shop", "tier": "1"}},
		fleet.Instance{ID: "payment-2", Zone: "b", Version: "2.4.1", Labels: map[string]string{"team": "shop", "note": "two words"}})
	payment.Labels = map[string]string{"owner": "ann"}
	return &fleet.Snapshot{Services: []fleet.ServiceView{
		payment,
		service("stage", "consul", "shop", "payment", fleet.Instance{ID: "n1/payment-1", Zone: "c", Version: "3.0"}),
		service("prod", "etcd", "", "Pallet", fleet.Instance{ID: "pallet-1"}),
		service("prod", "etcd", "", "repay", fleet.Instance{ID: "x", Labels: map[string]string{"team": "id", "odd\x1b[2J": "y", "evil": "a\x07b"}}),
		service("prod", "etcd", "", "idle"),
	}}
}

func TestFilter(t *testing.T) {
	for text, want := range map[string]string{
		// Names that begin so, then those that have it elsewhere, then conditions.
		"pay": "payment repay",
		"pa":  "Pallet payment repay",
		"PA":  "Pallet payment repay",
		"xyz": "",
		// A word of several, and one that is not meant.
		"zone=a pay": "zone=a payment|zone=a repay",
		"!pay":       "!payment !repay",
		"!z":         "",
		// Instances of one service.
		"payment/":   "payment/n1/payment-1 payment/payment-1 payment/payment-2",
		"payment/n":  "payment/n1/payment-1 payment/payment-1 payment/payment-2",
		"payment/-2": "payment/payment-2",
		"nobody/":    "",
		// Conditions, and their values.
		"zo":           "zone=",
		"zone=":        "zone=a zone=b zone=c",
		"zone=b":       "zone=b",
		"version=2":    "version=2.4.0 version=2.4.1",
		"version=.1":   "version=2.4.1",
		"context=":     "context=prod context=stage",
		"context=st":   "context=stage",
		"context=x":    "",
		"source=":      "source=consul source=etcd",
		"con":          "context=",
		"namespace=":   "namespace=shop",
		"instance=pal": "instance=pallet-1",
		"team=":        "team=id team=shop",
		"team!=":       "team!=id team!=shop",
		"te":           "team=",
		"ow":           "owner=",
		"owner=":       "owner=ann",
		"t":            "team= tier= Pallet payment",
		// What cannot be typed is not offered.
		"note=": "", "odd": "", "evil=": "", "evi": "evil=",
	} {
		got := strings.Join(offer.Filter(text, shop()), "|")
		if text != "zone=a pay" {
			got = strings.ReplaceAll(got, "|", " ")
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := offer.Filter("pay", nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestEmpty: before anything was typed there are the services, then what can be
// asked for, as far as somebody has it.
func TestEmpty(t *testing.T) {
	if got, want := strings.Join(offer.Filter("", shop()), " "), "idle Pallet payment repay zone= version= instance= namespace= context= source= evil= note= owner= team= tier="; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare := &fleet.Snapshot{Services: []fleet.ServiceView{{Ref: fleet.Ref{Name: "a"}}}}
	if got := strings.Join(offer.Filter("", bare), " "); got != "a" {
		t.Errorf("of a bare service: %s", got)
	}
}

// TestUnderstood: every offer that is whole is understood as a filter, and finds
// something.
func TestUnderstood(t *testing.T) {
	s := shop()
	for _, text := range []string{"", "!", "zone=", "version=", "instance=", "namespace=", "context=", "source=", "team=", "tier=", "owner=", "payment/", "zone=a "} {
		for _, line := range offer.Filter(text, s) {
			if strings.HasSuffix(line, "=") {
				continue
			}
			f, err := page.ParseFilter(line)
			if err != nil {
				t.Errorf("%q: %v", line, err)
			}
			found := strings.Contains(line, " ") // two conditions need not meet
			for i := range s.Services {
				found = found || f.Service(&s.Services[i])
			}
			if !found {
				t.Errorf("%q finds nothing", line)
			}
		}
	}
}

// TestWords: where words are looked for in texts, what instances say is no condition;
// breakers have names too.
func TestWords(t *testing.T) {
	s := shop()
	s.Services[0].Instances[0].Breakers = []fleet.Breaker{fleet.NewBreaker("ledger", fleet.BreakerOpen), fleet.NewBreaker("repay", fleet.BreakerOpen)}
	for text, want := range map[string]string{
		"pa":          "Pallet payment repay",
		"led":         "ledger",
		"re":          "repay",
		"open led":    "open ledger",
		"zone=":       "",
		"team=":       "",
		"zo":          "",
		"con":         "context=",
		"context=":    "context=prod context=stage",
		"open con":    "open context=",
		"source=e":    "source=etcd",
		"namespace=":  "namespace=shop",
		"context=x":   "",
		"payment/":    "payment/n1/payment-1 payment/payment-1 payment/payment-2",
		"nowhere":     "",
		"source=etcd": "source=etcd",
	} {
		if got := strings.Join(offer.Words(text, s), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := offer.Words("pay", nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	for _, text := range []string{"", "con", "context=", "source=", "namespace=", "pa", "le"} {
		for _, line := range offer.Words(text, s) {
			if _, err := page.ParseWords(line); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
}

func TestHint(t *testing.T) {
	if got := offer.Hint(offer.Filter("zone=a p", shop())); got != "Pallet  payment  repay" {
		t.Errorf("%q", got)
	}
	if got := offer.Hint(strings.Fields("a b c d e f g h i j")); got != "a  b  c  d  e  f  g  h  …" {
		t.Errorf("many: %q", got)
	}
	if got := offer.Hint(nil); got != "" {
		t.Errorf("none: %q", got)
	}
}

// TestMany: of many there are as many offers as somebody may walk through.
func TestMany(t *testing.T) {
	s := &fleet.Snapshot{}
	for i := range 5000 {
		s.Services = append(s.Services, fleet.ServiceView{Ref: fleet.Ref{Name: fmt.Sprint("service-", i)}})
	}
	if got := offer.Filter("ser", s); len(got) != 200 || got[0] != "service-0" {
		t.Errorf("%d offers, the first is %s", len(got), got[0])
	}
}

// FuzzFilter: whatever is typed, each offer begins with the words that were
// finished, and nothing in it is obeyed by a terminal.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{"", "pay", "zone=a te", "!", "a=b=c", "payment/", "  x  ", "=", "!=", "team!=s"} {
		f.Add(text)
	}
	s := shop()
	f.Fuzz(func(t *testing.T, text string) {
		done := text[:strings.LastIndexByte(text, ' ')+1]
		for _, line := range offer.Filter(text, s) {
			if !strings.HasPrefix(line, done) || strings.ContainsAny(strings.TrimPrefix(line, text), "\x1b\x07") {
				t.Errorf("%q becomes %q", text, line)
			}
		}
	})
}
