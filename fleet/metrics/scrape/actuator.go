package scrape

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
	"github.com/midwatch-cli/midwatch/fleet/web"
)

// meter is one that Spring Boot's /actuator/metrics/NAME is asked for, and the
// name that Micrometer's Prometheus registry gives it. What is asked for is what
// rates, errors, durations and loads are made of: each costs a request.
type meter struct {
	name   string
	family string   // of a timer, without its suffixes
	timer  bool     // COUNT, TOTAL_TIME and MAX, in its base unit; else VALUE, or COUNT of a counter
	tag    string   // asked for with it alone: area:heap
	split  []string // asked for by each value of the first of these tags that it has
}

func meters() []meter {
	return []meter{
		{name: "http.server.requests", family: "http_server_requests_seconds", timer: true, split: []string{"outcome", "status"}},
		{name: "process.start.time", family: "process_start_time_seconds"},
		{name: "process.cpu.usage", family: "process_cpu_usage"},
		{name: "system.cpu.count", family: "system_cpu_count"},
		{name: "jvm.memory.used", family: "jvm_memory_used_bytes", tag: "area:heap"},
		{name: "jvm.memory.max", family: "jvm_memory_max_bytes", tag: "area:heap"},
		{name: "jvm.threads.live", family: "jvm_threads_live_threads"},
		{name: "process.files.open", family: "process_files_open_files"},
		{name: "process.files.max", family: "process_files_max_files"},
		{name: "hikaricp.connections.active", family: "hikaricp_connections_active", split: []string{"pool"}},
		{name: "hikaricp.connections.max", family: "hikaricp_connections_max", split: []string{"pool"}},
		{name: "hikaricp.connections.pending", family: "hikaricp_connections_pending", split: []string{"pool"}},
		{name: "tomcat.threads.busy", family: "tomcat_threads_busy_threads", split: []string{"name"}},
		{name: "tomcat.threads.config.max", family: "tomcat_threads_config_max_threads", split: []string{"name"}},
	}
}

// maxSplit is how many values of a tag are asked for one by one.
const maxSplit = 8

// metered is what the actuator says of a meter: the sum over all that carry the
// tags that were asked for, and which further tags there are.
type metered struct {
	BaseUnit     string `json:"baseUnit"`
	Measurements []struct {
		Statistic string  `json:"statistic"`
		Value     float64 `json:"value"`
	} `json:"measurements"`
	AvailableTags []struct {
		Tag    string   `json:"tag"`
		Values []string `json:"values"`
	} `json:"availableTags"`
}

// values are those of a tag; none where it has none.
func (m *metered) values(tag string) []string {
	for _, t := range m.AvailableTags {
		if t.Tag == tag {
			return t.Values
		}
	}
	return nil
}

func (m *metered) of(statistics ...string) (float64, bool) {
	for _, one := range m.Measurements {
		if slices.Contains(statistics, one.Statistic) {
			return one.Value, true
		}
	}
	return 0, false
}

// meterNames are those that an answer of /actuator/metrics lists.
func meterNames(body []byte) ([]string, bool) {
	var said struct {
		Names []string `json:"names"`
	}
	err := json.Unmarshal(body, &said)
	return said.Names, err == nil && said.Names != nil
}

// actuator is a page that is made of answers below /actuator/metrics.
type actuator struct {
	client *http.Client
	base   string
	asked  int
	page   []byte
}

// actuatorPage asks for the meters that are known of those that there are. One
// that was listed and has gone is left out; any other failure is the whole page's.
func actuatorPage(ctx context.Context, client *http.Client, url string, names []string) (*actuator, error) {
	url, _, _ = strings.Cut(url, "?")
	a := &actuator{client: client, base: strings.TrimRight(url, "/") + "/", asked: 1}
	for _, m := range meters() {
		if !slices.Contains(names, m.name) {
			continue
		}
		if err := a.add(ctx, m); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// add writes one meter.
func (a *actuator) add(ctx context.Context, m meter) error {
	whole, err := a.ask(ctx, m, m.tag)
	if err != nil || whole == nil {
		return err
	}
	for _, tag := range m.split {
		values := whole.values(tag)
		switch {
		case len(values) == 1:
			a.write(m, whole, tag+":"+values[0])
			return nil
		case len(values) == 0 || len(values) > maxSplit:
			continue
		}
		for _, v := range values {
			part, err := a.ask(ctx, m, tag+":"+v)
			if err != nil {
				return err
			}
			if part != nil {
				a.write(m, part, tag+":"+v)
			}
		}
		return nil
	}
	a.write(m, whole, m.tag)
	return nil
}

// ask asks for a meter, or for the part of it that carries a tag. It is nil where
// there is none.
func (a *actuator) ask(ctx context.Context, m meter, tag string) (*metered, error) {
	at := a.base + m.name
	if tag != "" {
		at += "?tag=" + web.Segment(tag)
	}
	a.asked++
	answer, err := web.Ask(ctx, a.client, web.Question{URL: at})
	if err != nil {
		return nil, err
	}
	if answer.Code == http.StatusNotFound {
		return nil, nil //nolint:nilnil // there is none
	}
	var said metered
	return &said, answer.Read(&said)
}

// seconds is how long a base unit of time is.
func seconds(unit string) float64 {
	switch unit {
	case "milliseconds", "ms":
		return 1e-3
	case "microseconds", "us":
		return 1e-6
	case "nanoseconds", "ns":
		return 1e-9
	}
	return 1
}

// write writes the series of a meter, or of a part of it. Its only label is the
// tag: others come and go with the values that there are.
func (a *actuator) write(m meter, said *metered, tag string) {
	if !m.timer {
		if v, ok := said.of("VALUE", "COUNT"); ok {
			a.sample(m.family, tag, v)
		}
		return
	}
	unit := seconds(said.BaseUnit)
	for _, row := range []struct {
		statistic, suffix string
		unit              float64
	}{{"COUNT", "_count", 1}, {"TOTAL_TIME", "_sum", unit}, {"MAX", "_max", unit}} {
		if v, ok := said.of(row.statistic); ok {
			a.sample(m.family+row.suffix, tag, v*row.unit)
		}
	}
}

// sample writes a line of the text format.
func (a *actuator) sample(name, tag string, v float64) {
	a.page = append(a.page, name...)
	if label, value, ok := strings.Cut(tag, ":"); ok {
		a.page = append(append(append(a.page, '{'), label...), `="`...)
		a.page = append(append(a.page, escape.Replace(value)...), `"}`...)
	}
	a.page = append(strconv.AppendFloat(append(a.page, ' '), v, 'g', -1, 64), '\n')
}

// escape writes a label's value.
var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// fromActuator makes an answer of /actuator/metrics a page.
func fromActuator(ctx context.Context, client *http.Client, url string, answer *Answer, names []string) error {
	a, err := actuatorPage(ctx, client, url, names)
	if err != nil {
		return err
	}
	if len(a.page) == 0 {
		return answer.Wrong(refused("of %d meters that the actuator lists, none is known", len(names)))
	}
	answer.Body, answer.Form, answer.Type = a.page, Actuator, plainText
	answer.Note = exposition.Note(fmt.Sprintf("it took %d requests, and the service counts them", a.asked))
	return nil
}
