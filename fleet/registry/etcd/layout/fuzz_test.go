package layout_test

import (
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// fuzz holds the decoder of one layout to what every set needs: an error and
// nothing, or instances with ids and usable addresses.
func fuzz(f *testing.F, name string, seeds ...pair) {
	for _, p := range append(recorded(f), seeds...) {
		f.Add(p.key, []byte(p.value))
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		e, err := layout.Decode(name, "", key, value)
		if err != nil {
			if len(e.Instances) > 0 {
				t.Errorf("an error (%v) and %d instances", err, len(e.Instances))
			}
			return
		}
		if e.Ref.Name == "" || e.Layout == "" || name != layout.Auto && e.Layout != name || len(e.Instances) == 0 {
			t.Errorf("an entry that says nothing: %+v", e)
		}
		for _, in := range e.Instances {
			if in.ID == "" || in.Addr == "" || in.Weight < 0 || !layout.Printable(in.Addr) {
				t.Errorf("an instance nobody can use: %+v", in)
			}
			if in.Addr[0] != '/' {
				if err := layout.CheckAddr(in.Addr); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func FuzzAuto(f *testing.F) { fuzz(f, layout.Auto) }
func FuzzNaming(f *testing.F) {
	fuzz(f, layout.Naming, pair{"o/a", `{"Op":0,"Addr":"/run/x","Metadata":[1]}`})
}
func FuzzZero(f *testing.F)   { fuzz(f, layout.Zero) }
func FuzzKit(f *testing.F)    { fuzz(f, layout.Kit, pair{"o/a", "https://[::1]"}) }
func FuzzKratos(f *testing.F) { fuzz(f, layout.Kratos) }

func FuzzMicro(f *testing.F) {
	fuzz(f, layout.Micro, pair{"/micro/registry/o/n", `{"name":"o","nodes":[{"id":"n","address":"10.2.0.5:9000","metadata":{"weight":"2"}}]}`})
}

func FuzzKitex(f *testing.F) {
	fuzz(f, layout.Kitex, pair{"kitex/registry-etcd/o/a", `{"network":"tcp","address":"10.2.0.5:8888","weight":10,"tags":{"cluster":"b"}}`})
}
