package write_test

import (
	"testing"
	"time"

	"github.com/midwatch-cli/midwatch/cmd/term"
	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
)

// TestChangedInWhatWordsLeaveOut is a bug that was: the plan read again was
// compared by its words, which tell neither weight nor labels. Signs of life are
// no change: else nothing that lives could be written to.
func TestChangedInWhatWordsLeaveOut(t *testing.T) {
	up := fleet.Up
	before := fleet.Instance{ID: "payment-1", Addr: "10.0.0.1:80", Weight: 1, Labels: map[string]string{"team": "shop"}}
	for _, tt := range []struct {
		name    string
		becomes func(in *fleet.Instance, ttl *time.Duration)
		changed bool
	}{
		{"nothing", func(*fleet.Instance, *time.Duration) {}, false},
		{"its weight", func(in *fleet.Instance, _ *time.Duration) { in.Weight = 9 }, true},
		{"a label", func(in *fleet.Instance, _ *time.Duration) { in.Labels = map[string]string{"team": "till"} }, true},
		{"a label called like a sign of life", func(in *fleet.Instance, _ *time.Duration) {
			in.Labels = map[string]string{"team": "shop", "LastSeen": "yesterday"}
		}, true},
		{"a further address", func(in *fleet.Instance, _ *time.Duration) { in.Endpoints = map[string]string{"grpc": "10.0.0.1:90"} }, true},
		{"its last sign of life", func(in *fleet.Instance, _ *time.Duration) { in.LastSeen = time.Unix(1767323045, 0) }, false},
		{"what is left of its lease", func(in *fleet.Instance, ttl *time.Duration) { in.Lease, *ttl = 7*time.Second, 9*time.Second }, false},
		{"what the registry says of it", func(in *fleet.Instance, _ *time.Duration) { in.Claimed, in.ClaimNote = &up, "passing" }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWriting(t)
			write := func(in fleet.Instance, ttl time.Duration) {
				r, _ := registry.As[registry.Registrar](w.reg)
				if _, err := r.Register(t.Context(), registry.Entry{Service: "payment", Instance: in, TTL: ttl}); err != nil {
					t.Error(err)
				}
			}
			write(before, 0)
			asked := 0
			w.IO.Console = func() (term.Console, error) {
				asked++
				return &person{types: "y", thinks: func() {
					in, ttl := before, time.Duration(0)
					tt.becomes(&in, &ttl)
					write(in, ttl)
				}}, nil
			}
			_, err := w.make(t.Context(), t, register(t, "payment", "payment-1", "10.0.0.9:80"))
			if err != nil || (asked == 2) != tt.changed {
				t.Errorf("asked %d times, %v", asked, err)
			}
		})
	}
}
