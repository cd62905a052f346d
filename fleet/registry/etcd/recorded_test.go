package etcd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/registry"
	"github.com/midwatch-cli/midwatch/fleet/registry/etcd/layout"
)

// reply is one message of etcd's JSON gateway, which carries what the same calls
// answer over gRPC. Bytes are base64, large numbers are texts.
type reply struct {
	Code    codes.Code `json:"code"`
	Message string     `json:"message"`
	Kvs     []kv       `json:"kvs"`
	Result  struct {
		Events []struct {
			Type string `json:"type"`
			Kv   kv     `json:"kv"`
		} `json:"events"`
		Canceled        bool   `json:"canceled"`
		CancelReason    string `json:"cancel_reason"`
		CompactRevision int64  `json:"compact_revision,string"`
	} `json:"result"`
}

type kv struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
	Mod   int64  `json:"mod_revision,string"`
	Lease int64  `json:"lease,string"`
}

func (k kv) message() *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: k.Key, Value: k.Value, ModRevision: k.Mod, Lease: k.Lease}
}

// replies reads a recording: all messages of its body.
func replies(t *testing.T, version, name string) (all []reply) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "wire", version, name+"-*.http"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%s %s: %v, %v", version, name, names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	_, answer, _ := bytes.Cut(data, []byte("\n\n")) // after the request
	_, body, _ := bytes.Cut(answer, []byte("\n\n")) // after the header
	for in := json.NewDecoder(bytes.NewReader(body)); ; {
		var r reply
		if in.Decode(&r) != nil {
			break // the end, or a trailer that curl wrote
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no message", names[0])
	}
	return all
}

// TestRecordedErrors explains what two versions were seen to refuse.
func TestRecordedErrors(t *testing.T) {
	for _, version := range []string{"v3.4", "v3.7"} {
		for name, c := range map[string]struct {
			reason fleet.Reason
			words  string
		}{
			"18": {registry.ReasonStatus, "requested lease not found"},
			"19": {registry.ReasonStatus, "requested lease not found"},
			"33": {registry.ReasonStatus, "required revision has been compacted"},
			"40": {registry.ReasonStatus, "authentication is not enabled"},
			"42": {registry.ReasonAuth, "it wants a user"},
			"43": {registry.ReasonAuth, "the user ops is not known or the password is wrong"},
			"44": {registry.ReasonAuth, "the user ops is not known or the password is wrong"},
			"48": {registry.ReasonAuth, "permission denied to the user ops"},
			"49": {registry.ReasonAuth, "permission denied to the user ops"},
			"50": {registry.ReasonAuth, "permission denied to the user ops"},
			"51": {registry.ReasonAuth, "permission denied to the user ops"},
			"53": {registry.ReasonAuth, "permission denied to the user ops"},
			"58": {registry.ReasonAuth, "permission denied"},
		} {
			said := replies(t, version, name)[0]
			// As etcd's client hands it on, and as it comes where the client does not know it.
			for _, err := range []error{rpctypes.Error(status.Error(said.Code, said.Message)), status.Error(said.Code, said.Message)} {
				var got *fleet.Error
				if err = explaining("ops", nil).explain(t.Context(), err); !errors.As(err, &got) || got.Reason != c.reason || !strings.Contains(got.Detail, c.words) {
					t.Errorf("%s %s: %v, want %q: %s", version, name, err, c.reason, c.words)
				}
				if denied := errors.Is(err, fleet.ErrDenied); denied != (c.reason == registry.ReasonAuth) {
					t.Errorf("%s %s: denied is %v", version, name, denied)
				}
				if name != "58" && c.reason == registry.ReasonAuth && got.Hint == "" {
					t.Errorf("%s %s: no hint", version, name)
				}
			}
		}
	}
}

// TestRecordedWatches: a watch that is refused, or whose revision is gone, is an
// answer like any other, and must not be read as the end of a connection.
func TestRecordedWatches(t *testing.T) {
	r := &Registry{link: explaining("", nil), layout: layout.Auto}
	for _, version := range []string{"v3.4", "v3.7"} {
		last := func(name string) error {
			all := replies(t, version, name)
			said := all[len(all)-1].Result
			if !said.Canceled {
				t.Fatalf("%s %s is not cancelled", version, name)
			}
			// What etcd's client makes of it, see WatchResponse.Err.
			answer := clientv3.WatchResponse{Canceled: true, CompactRevision: said.CompactRevision}
			err := answer.Err()
			if said.CompactRevision == 0 {
				err = errors.New(said.CancelReason)
			}
			_, applied := r.apply(t.Context(), answer, true, reading{})
			if applied == nil {
				t.Errorf("%s %s: applied", version, name)
			}
			return err
		}
		if err := last("32"); !errors.Is(err, rpctypes.ErrCompacted) {
			t.Errorf("%s: compaction is %v", version, err)
		}
		var denied *fleet.Error
		if err := r.link.explain(t.Context(), last("60")); !errors.As(err, &denied) || denied.Reason != registry.ReasonAuth || !strings.Contains(denied.Detail, "it wants a user") {
			t.Errorf("%s: a watch without a user: %v", version, err)
		}
	}
}

// TestRecordedRanges reads recorded keys, with values and without, and then
// follows the recorded watch.
func TestRecordedRanges(t *testing.T) {
	r := &Registry{link: explaining("", nil), prefix: "orders/", layout: layout.Auto}
	for _, version := range []string{"v3.4", "v3.7"} {
		read := func(name string) reading {
			g := reading{records: map[string]record{}}
			for _, k := range replies(t, version, name)[0].Kvs {
				g.records[string(k.Key)] = r.record(k.message())
			}
			return g
		}
		now := read("09")
		if got := describe(now.set()); got != "orders: 127.0.0.1:9101 (2.4.1), 127.0.0.1:9111 ()" {
			t.Errorf("%s: %s", version, got)
		}
		if rec := now.records["orders/127.0.0.1:9101"]; rec.mod != 2 || rec.lease == 0 {
			t.Errorf("%s: %+v", version, rec)
		}
		if rec := now.records["orders/127.0.0.1:9111"]; rec.mod != 3 || rec.lease != 0 {
			t.Errorf("%s: %+v", version, rec)
		}
		if keys := read("11").set(); len(keys.Services) != 0 || len(keys.Warnings) != 2 {
			t.Errorf("%s: keys without values: %+v", version, keys)
		}
		var steps []string
		for _, said := range replies(t, version, "30") {
			var answer clientv3.WatchResponse
			for _, e := range said.Result.Events {
				event := &clientv3.Event{Type: clientv3.EventTypePut, Kv: e.Kv.message()} // PUT is not written out
				if e.Type == "DELETE" {
					event.Type = clientv3.EventTypeDelete
				}
				answer.Events = append(answer.Events, event)
			}
			changed, err := r.apply(context.Background(), answer, true, now)
			steps = append(steps, fmt.Sprintf("%v %v %d", changed, err, len(now.records)))
		}
		if got := strings.Join(steps, ", "); got != "false <nil> 2, true <nil> 3, true <nil> 2" {
			t.Errorf("%s: followed as %s", version, got)
		}
	}
}

// describe is a set in one line.
func describe(s registry.Set) string {
	var lines []string
	for _, svc := range s.Services {
		var ids []string
		for _, in := range svc.Instances {
			ids = append(ids, fmt.Sprintf("%s (%s)", in.ID, in.Version))
		}
		lines = append(lines, svc.String()+": "+strings.Join(ids, ", "))
	}
	return strings.Join(lines, "; ")
}
