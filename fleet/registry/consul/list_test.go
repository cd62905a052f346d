package consul_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry/consul"
)

// show writes an instance on one line.
func show(in fleet.Instance) string {
	var labels, endpoints []string
	for _, k := range slices.Sorted(maps.Keys(in.Labels)) {
		labels = append(labels, k+"="+in.Labels[k])
	}
	for _, k := range slices.Sorted(maps.Keys(in.Endpoints)) {
		endpoints = append(endpoints, k+"="+in.Endpoints[k])
	}
	return fmt.Sprintf("%s at %s zone=%s version=%s weight=%d %s %q [%s] [%s]", in.ID, in.Addr, in.Zone, in.Version, in.Weight,
		in.Claimed, in.ClaimNote, strings.Join(labels, " "), strings.Join(endpoints, " "))
}

func TestRecordedHealth(t *testing.T) {
	for _, c := range []struct {
		file string
		want []string
	}{
		{"08-health-orders.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 up "" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
			`node-1/orders-2 at 127.0.0.1:9111 zone=a version=2.4.0 weight=0 down "http is critical" [tag.v2=true version=2.4.0 zone=a] []`,
		}},
		{"09-health-orders-passing.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 up "" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
		}},
		{"10-health-unknown.http", nil},
		{"14-health-orders-maint.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 maintenance "disk full" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
			`node-1/orders-2 at 127.0.0.1:9111 zone=a version=2.4.0 weight=0 down "http is critical" [tag.v2=true version=2.4.0 zone=a] []`,
		}},
		{"17-filter.http", []string{
			`node-1/orders-1 at 127.0.0.1:9101 zone=b version=2.4.1 weight=0 up "" [management_port=9102 tag.http=true tag.v2=true version=2.4.1 zone=b] []`,
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			r := open(t, testEnv(), "consul://"+playback(t, map[string]string{
				"GET /v1/catalog/services": "07-catalog-services.http", "GET /v1/health/service/orders": c.file, "GET /v1/health/service/users": "10-health-unknown.http",
			}))
			defer r.Close()
			set, err := r.List(t.Context())
			if err != nil || len(set.Warnings) > 0 || !set.AsOf.IsZero() {
				t.Fatalf("%v, %+v", err, set)
			}
			var got []string
			for _, svc := range set.Services {
				for _, in := range svc.Instances {
					got = append(got, show(in))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestAddressable(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "a b": true, "a/b": true, "ä%2f": true, "": false, ".": false, "..": false, "../x": false, "a/": false, "a//b": false, "/a": false} {
		if got := consul.Addressable(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
