package haproxy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
)

// The bits of srv_admin_state. 0x04 marks a server that its configuration
// starts in maintenance and 0x40 one whose name was changed; both alone are
// not maintenance.
const (
	forcedMaint    = 0x01
	inheritedMaint = 0x02 // from the server it tracks
	configMaint    = 0x04
	forcedDrain    = 0x08
	inheritedDrain = 0x10
	resolveMaint   = 0x20 // its name does not resolve
)

// The values of srv_op_state.
const (
	opStopped  = 0
	opStarting = 1
	opRunning  = 2
	opStopping = 3
)

// server is a server of a backend, from both tables.
type server struct {
	backend, name    string
	op, admin        int
	uweight, iweight int           // in effect, and as configured
	changed          time.Duration // since the last change; below 0 where nobody says

	// From the statistics; counts are below 0 where the row is missing.
	status  string // UP, UP 1/3, DOWN (agent), MAINT (via b/s), no check
	check   string // L4CON Connection refused; empty where nobody checks
	agent   string // what its agent said; empty without one
	tracked string // b/s that its checks are taken from
	current int64
	calls   int64
	failed  int64
}

// full is the server's name as a breaker and in commands.
func (s *server) full() string { return s.backend + "/" + s.name }

func find(servers []server, name string) *server {
	i := slices.IndexFunc(servers, func(s server) bool { return s.full() == name })
	if i < 0 {
		return nil
	}
	return &servers[i]
}

// columns finds fields by the names in a table's head.
type columns map[string]int

func newColumns(names, wanted []string) (columns, error) {
	at := columns{}
	for i, name := range names {
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	for _, name := range wanted {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("its head has no column %s: %q", name, short(strings.Join(names, " ")))
		}
	}
	return at, nil
}

func (c columns) text(row []string, name string) string {
	if i, ok := c[name]; ok && i < len(row) {
		return row[i]
	}
	return ""
}

// count is a number of a row; below 0 where it has none.
func (c columns) count(row []string, name string) int64 {
	n, err := strconv.ParseInt(c.text(row, name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// decodeState reads the reply to `show servers state`: the format's number, a
// head behind #, and a line a server, blanks between.
func decodeState(reply string) ([]server, error) {
	lines := strings.Split(reply, "\n")
	if len(lines) < 2 || !strings.HasPrefix(lines[1], "# ") {
		return nil, fmt.Errorf("`show servers state` was answered by no table: %q", short(reply))
	}
	at, err := newColumns(strings.Fields(lines[1][1:]), []string{"be_name", "srv_name", "srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight"})
	if err != nil {
		return nil, err
	}
	servers := []server{}
	for _, line := range lines[2:] {
		row := strings.Fields(line)
		if len(row) == 0 {
			continue
		}
		s := server{backend: at.text(row, "be_name"), name: at.text(row, "srv_name"), changed: -1, current: -1, calls: -1, failed: -1}
		for name, to := range map[string]*int{"srv_op_state": &s.op, "srv_admin_state": &s.admin, "srv_uweight": &s.uweight, "srv_iweight": &s.iweight} {
			if *to, err = strconv.Atoi(at.text(row, name)); err != nil {
				return nil, fmt.Errorf("%s of a server is no number: %q", name, short(line))
			}
		}
		if n := at.count(row, "srv_time_since_last_change"); n >= 0 && n < math.MaxInt32 {
			s.changed = time.Duration(n) * time.Second
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// join adds the statistics of `show stat`, CSV, to the servers. Rows of other
// things and of servers that came meanwhile are passed over. An HAProxy of
// several processes may have a row for each: their counts add up.
func join(servers []server, reply string) error {
	body, ok := strings.CutPrefix(reply, "# ")
	if !ok {
		return fmt.Errorf("`show stat` was answered by no table: %q", short(reply))
	}
	r := csv.NewReader(strings.NewReader(body))
	r.FieldsPerRecord, r.ReuseRecord, r.LazyQuotes = -1, false, true
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("`show stat`: %w", err)
	}
	at, err := newColumns(head, []string{"pxname", "svname", "status"})
	if err != nil {
		return err
	}
	byName := make(map[string]*server, len(servers))
	for i := range servers {
		byName[servers[i].full()] = &servers[i]
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("`show stat`: %w", err)
		}
		if kind := at.text(row, "type"); kind != "" && kind != "2" {
			continue
		}
		if s := byName[at.text(row, "pxname")+"/"+at.text(row, "svname")]; s != nil {
			s.add(at, row)
		}
	}
}

// add takes a row of statistics in.
func (s *server) add(at columns, row []string) {
	s.status = at.text(row, "status")
	s.check = strings.TrimSpace(at.text(row, "check_status") + " " + at.text(row, "last_chk"))
	s.tracked = at.text(row, "tracked")
	s.agent = strings.TrimSpace(at.text(row, "agent_status") + " " + at.text(row, "last_agt"))
	calls := at.count(row, "req_tot")
	if calls < 0 { // mode tcp, or before 2.0
		calls = at.count(row, "stot")
	}
	plus := func(to *int64, n int64) {
		if n >= 0 {
			*to = max(*to, 0) + n
		}
	}
	plus(&s.calls, calls)
	plus(&s.current, at.count(row, "scur"))
	for _, name := range []string{"econ", "eresp", "hrsp_5xx"} {
		plus(&s.failed, at.count(row, name))
	}
}

// state is what the server acts as as a breaker.
func (s *server) state() fleet.BreakerState {
	switch {
	case s.admin&(forcedMaint|inheritedMaint) != 0:
		return fleet.BreakerForcedOpen
	case s.admin&resolveMaint != 0 || s.op == opStopped:
		return fleet.BreakerOpen
	case s.op == opStarting || s.op == opRunning || s.op == opStopping:
		return fleet.BreakerClosed
	}
	return fleet.BreakerUnknown
}

// observed is what its checks say. In maintenance they stand still, and some
// servers have none.
func (s *server) observed() fleet.BreakerState {
	if s.admin&(forcedMaint|inheritedMaint) != 0 || s.status == "no check" {
		return fleet.BreakerUnknown
	}
	return s.state()
}

// draining says whether somebody is taking it out, and it still finishes.
func (s *server) draining() bool { return s.admin&(forcedDrain|inheritedDrain) != 0 }

// words is the server's state in HAProxy's words.
func (s *server) words() string {
	switch {
	case s.status != "":
		return s.status
	case s.state() == fleet.BreakerForcedOpen:
		return "MAINT"
	case s.draining():
		return "DRAIN"
	case s.op == opStopped:
		return "DOWN"
	case s.op == opStopping:
		return "NOLB"
	}
	return "UP"
}

// breaker is the server as a breaker.
func (s *server) breaker(now time.Time) fleet.Breaker {
	b := fleet.NewBreaker(s.full(), s.state())
	b.API, b.Observed, b.Calls, b.Note = Name, s.observed(), s.calls, s.note()
	if s.calls > 0 && s.failed >= 0 {
		// A call may fail more than once: each connection that was tried counts.
		b.FailureRate = min(1, float64(s.failed)/float64(s.calls))
	}
	if s.changed >= 0 {
		b.Since = now.Add(-s.changed).Truncate(time.Second)
	}
	switch {
	case sayableName(s.backend) && sayableName(s.name):
		if s.admin&(forcedMaint|inheritedMaint) == inheritedMaint {
			b.Verbs = []fleet.Verb{fleet.Trip} // it follows another; reset that one
		}
	default:
		b.Verbs = []fleet.Verb{}
	}
	return b
}

// note is what the state alone does not say.
func (s *server) note() string {
	var parts []string
	words := s.words()
	if words != "UP" && words != "no check" {
		parts = append(parts, words)
	}
	if s.admin&configMaint != 0 && s.admin&forcedMaint != 0 {
		parts = append(parts, "its configuration starts it in maintenance")
	}
	if s.op == opStopped && s.admin&(forcedMaint|inheritedMaint) == 0 {
		// Who found it down says why, the check or the agent.
		why := s.check
		if strings.Contains(words, "agent") {
			why = s.agent
		}
		if why != "" {
			parts = append(parts, why)
		}
	}
	if s.op == opStarting {
		parts = append(parts, "slow start")
	}
	if s.uweight != s.iweight || s.uweight == 0 {
		parts = append(parts, fmt.Sprintf("weight %d, configured %d", s.uweight, s.iweight))
	}
	return strings.Join(parts, ", ")
}
