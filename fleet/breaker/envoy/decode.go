package envoy

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

// clusterStats is the filter for the numbers that are wanted of each cluster;
// without one a large mesh answers megabytes.
const clusterStats = `^cluster\..+\.(circuit_breakers\.default\.rq(_pending)?_open|upstream_rq_(total|completed|5xx|maintenance_mode|active_overflow|pending_overflow))$`

// activeCalls is the filter for what the proxy has in hand.
const activeCalls = `^http\..+\.downstream_rq_active$`

// cluster is what /clusters says of one.
type cluster struct {
	name        string
	stat        string // as its statistics are named
	maxRequests *uint64
	maxPending  *uint64
	hosts       int
	ejected     int // by outlier detection
	failing     int // by health checks or by whoever named them
}

// shut says whether its limit lets no call through. Of its limits only
// max_requests of the default priority does that: the others still let calls
// pass over connections that are there.
func (c *cluster) shut() bool { return c.maxRequests != nil && *c.maxRequests == 0 }

// wireCluster is an element of /clusters?format=json.
type wireCluster struct {
	Name        string     `json:"name"`
	Observed    string     `json:"observability_name"`
	Hosts       []wireHost `json:"host_statuses"`
	CircuitBrks struct {
		Thresholds []struct {
			Priority   string  `json:"priority"` // absent: DEFAULT
			MaxPending *uint64 `json:"max_pending_requests"`
			MaxRequest *uint64 `json:"max_requests"`
		} `json:"thresholds"`
	} `json:"circuit_breakers"`
}

type wireHost struct {
	Health struct {
		Outlier bool   `json:"failed_outlier_check"`
		Active  bool   `json:"failed_active_health_check"`
		EDS     string `json:"eds_health_status"`
	} `json:"health_status"`
}

// decodeClusters reads /clusters?format=json. An Envoy without clusters
// answers {}; an object of anything else is no such page.
func decodeClusters(body []byte) ([]cluster, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(body, &top); err != nil {
		return nil, err
	}
	raw, there := top["cluster_statuses"]
	if !there && (top == nil || len(top) > 0) {
		return nil, errors.New("no cluster_statuses")
	}
	var list []wireCluster
	if there {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	clusters := []cluster{}
	for _, w := range list {
		if w.Name == "" {
			continue
		}
		c := cluster{name: w.Name, stat: w.Observed, hosts: len(w.Hosts)}
		if c.stat == "" { // before 1.20
			c.stat = w.Name
		}
		for _, t := range w.CircuitBrks.Thresholds {
			if t.Priority == "" || t.Priority == "DEFAULT" {
				c.maxRequests, c.maxPending = t.MaxRequest, t.MaxPending
			}
		}
		for _, h := range w.Hosts {
			switch {
			case h.Health.Outlier:
				c.ejected++
			case h.Health.Active || h.Health.EDS == "UNHEALTHY":
				c.failing++
			}
		}
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// stats are numbers by their full names.
type stats map[string]int64

// decode reads /stats?format=json. Beside numbers it holds histograms and
// texts, which are passed over.
func (s *stats) decode(body []byte) error {
	var top struct {
		Stats []struct {
			Name  string          `json:"name"`
			Value json.RawMessage `json:"value"`
		} `json:"stats"`
	}
	if err := json.Unmarshal(body, &top); err != nil {
		return err
	}
	if top.Stats == nil {
		return errors.New("no stats")
	}
	*s = stats{}
	for _, e := range top.Stats {
		if n, err := strconv.ParseUint(string(e.Value), 10, 64); err == nil && e.Name != "" {
			(*s)[e.Name] = int64(min(n, math.MaxInt64))
		}
	}
	return nil
}

// of is a number of a cluster; below 0 where the proxy keeps none.
func (s stats) of(c *cluster, name string) int64 {
	// Colons are not for names of statistics.
	if n, ok := s["cluster."+strings.ReplaceAll(c.stat, ":", "_")+"."+name]; ok {
		return n
	}
	return -1
}

// runtime is what /runtime says: values by layer, the last that is not empty
// counts.
type runtime struct {
	Layers  []string         `json:"layers"`
	Entries map[string]entry `json:"entries"`
}

type entry struct {
	Final  string   `json:"final_value"`
	Layers []string `json:"layer_values"`
}

func (r *runtime) decode(body []byte) error {
	if err := json.Unmarshal(body, r); err != nil {
		return err
	}
	if r.Layers == nil && r.Entries == nil {
		return errors.New("no layers and no entries")
	}
	return nil
}

// percent is how many of a hundred calls to a cluster maintenance mode refuses.
func (r *runtime) percent(name string) uint64 {
	return percent(r.Entries[maintenance+name].Final)
}

// percent reads a value as Envoy 1.40 was seen to: 0x64 is 100 and 0100 is 64,
// fractions are cut off, and what is no number or too large a one is 0.
func percent(value string) uint64 {
	value = strings.TrimSpace(value)
	if n, err := strconv.ParseInt(value, 0, 64); err == nil {
		return uint64(min(max(n, 0), 100))
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f > 0 && f < math.MaxUint32) {
		return 0
	}
	return uint64(min(f, 100))
}

// decides is the layer whose value counts; below 0 where none has one.
func (*runtime) decides(e entry) int {
	for i := len(e.Layers) - 1; i >= 0; i-- {
		if e.Layers[i] != "" {
			return i
		}
	}
	return -1
}

func (r *runtime) layer(i int) string {
	if i < len(r.Layers) {
		return r.Layers[i]
	}
	return ""
}

// adminLayer finds the layer that can be written in a dump of the bootstrap. Its
// index is below 0 where there is none. Known is false for a page that does not
// tell: another version, or something in front.
func adminLayer(body []byte) (index int, known bool) {
	var dump struct {
		Configs []struct {
			Type      string `json:"@type"`
			Bootstrap *struct {
				Runtime *struct {
					Layers []map[string]json.RawMessage `json:"layers"`
				} `json:"layered_runtime"`
			} `json:"bootstrap"`
		} `json:"configs"`
	}
	if json.Unmarshal(body, &dump) != nil {
		return -1, false
	}
	for _, c := range dump.Configs {
		if c.Bootstrap == nil || !strings.HasSuffix(c.Type, "BootstrapConfigDump") {
			continue
		}
		if c.Bootstrap.Runtime == nil {
			return -1, true
		}
		layers := c.Bootstrap.Runtime.Layers
		if len(layers) == 0 {
			return 0, true // an empty runtime gets an admin layer
		}
		for i, l := range layers {
			if _, ok := l["admin_layer"]; ok {
				return i, true
			}
		}
		return -1, true
	}
	return -1, false
}
