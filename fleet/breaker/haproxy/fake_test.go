package haproxy_test

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/breaker/breakertest"
	"github.com/midwatch-cli/midwatch/fleet/breaker/peertest"
)

// row is a server of the fake.
type row struct {
	backend, name     string
	admin             int
	down              bool
	check             bool // somebody checks it
	weight, initial   int
	tracks            string
	calls, failed     int
	sessions          int
	status            string // overrides what it comes to
	agent             string // what its agent says: maint holds it there
	checkWord, lastly string
}

// fake is an in-process runtime API: it answers as the recordings do, from a
// table of servers.
type fake struct {
	t        testing.TB
	path     string
	mu       sync.Mutex
	rows     []*row
	level    string
	nbproc   int
	how      breakertest.Fault
	lines    []string // what was sent
	listener net.Listener
	conns    map[net.Conn]bool
	wg       sync.WaitGroup
	stat     []string // the head of the statistics as recorded
	state    string   // likewise
}

func newFake(t testing.TB, rows ...*row) *fake {
	t.Helper()
	f := &fake{t: t, path: filepath.Join(peertest.SocketDir(t), "h.sock"), rows: rows, level: "admin", nbproc: 1, conns: map[net.Conn]bool{}}
	f.state = strings.Split(reply(t, "01-show-servers-state.txt"), "\n")[1]
	head, _, _ := strings.Cut(reply(t, "02-show-stat-csv.txt"), "\n")
	f.stat = strings.Split(strings.TrimPrefix(head, "# "), ",")
	for _, r := range rows {
		if r.initial == 0 && r.weight == 0 {
			r.weight, r.initial = 100, 100
		}
	}
	f.listen()
	t.Cleanup(func() {
		f.shut()
		f.wg.Wait()
	})
	return f
}

func (f *fake) base() string { return "unix://" + f.path }

func (f *fake) listen() {
	l, err := net.Listen("unix", f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	f.listener = l
	f.mu.Unlock()
	f.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns[c] = true
			f.mu.Unlock()
			f.wg.Go(func() { f.serve(c) })
		}
	})
}

// shut ends the listener and every connection.
func (f *fake) shut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listener.Close()
	for c := range f.conns {
		c.Close()
	}
}

// breakIt makes it fail until heal.
func (f *fake) breakIt(_ testing.TB, how breakertest.Fault) (heal func()) {
	if how == breakertest.Refuse {
		f.shut()
		return f.listen
	}
	f.mu.Lock()
	f.how = how
	f.mu.Unlock()
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.how = ""
		for c := range f.conns {
			c.Close()
		}
	}
}

// serve answers one line.
func (f *fake) serve(c net.Conn) {
	defer func() {
		f.mu.Lock()
		delete(f.conns, c)
		f.mu.Unlock()
		c.Close()
	}()
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	if err != nil {
		return
	}
	f.mu.Lock()
	how := f.how
	f.lines = append(f.lines, strings.TrimSuffix(line, "\n"))
	out := ""
	for command := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), ";") {
		out += f.answer(command)
	}
	f.mu.Unlock()
	switch how {
	case breakertest.Hang:
		_, _ = in.ReadByte() // until one of us closes
		return
	case breakertest.Half:
		out = out[:len(out)/2]
	case breakertest.Garbage:
		out = "HTTP/1.1 400 Bad request\r\nContent-length: 90\r\n\r\n<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n"
	}
	_, _ = c.Write([]byte(out))
}

func (f *fake) answer(command string) string {
	words := strings.Fields(command)
	if f.how == breakertest.Deny {
		return "Permission denied\n\n"
	}
	switch {
	case command == "show servers state":
		return f.showState()
	case command == "show stat -1 4 -1":
		return f.showStat()
	case command == "show cli level":
		return f.level + "\n\n"
	case command == "show info":
		return fmt.Sprintf("Name: HAProxy\nVersion: 2.6.12\nNbproc: %d\nProcess_num: 1\nStopping: 0\n\n", f.nbproc)
	case len(words) >= 5 && words[0] == "set" && words[1] == "server" && words[3] == "state":
		return f.set(words[2], words[4])
	}
	return "Unknown command, but maybe one of the following ones is a better match:\n  help [<command>]\n\n"
}

func (f *fake) find(full string) *row {
	i := slices.IndexFunc(f.rows, func(r *row) bool { return r.backend+"/"+r.name == full })
	if i < 0 {
		return nil
	}
	return f.rows[i]
}

func (f *fake) set(full, state string) string {
	r := f.find(full)
	switch {
	case f.level != "admin":
		return "Permission denied\n\n"
	case r == nil:
		return "No such server.\n\n"
	case !slices.Contains([]string{"ready", "drain", "maint"}, state):
		return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n"
	case f.how == breakertest.NoEffect:
		return "\n"
	}
	// Maintenance and drain take each other's place.
	r.admin &^= 0x09
	r.admin |= map[string]int{"maint": 0x01, "drain": 0x08}[state]
	if r.agent == "maint" {
		r.admin |= 0x01
	}
	for _, o := range f.rows {
		if o.tracks == full {
			o.admin = o.admin&^0x12 | r.admin&0x01<<1 | r.admin&0x08<<1
		}
	}
	return "\n"
}

func (r *row) op() int {
	if r.admin&0x23 != 0 || r.down {
		return 0
	}
	return 2
}

func (r *row) word() string {
	switch {
	case r.status != "":
		return r.status
	case r.admin&0x01 != 0:
		return "MAINT"
	case r.admin&0x02 != 0:
		return "MAINT (via " + r.tracks + ")"
	case r.admin&0x20 != 0:
		return "MAINT (resolution)"
	case r.down:
		return "DOWN"
	case r.admin&0x18 != 0:
		return "DRAIN"
	case !r.check && r.tracks == "":
		return "no check"
	}
	return "UP"
}

func (f *fake) showState() string {
	out := "1\n" + f.state + "\n"
	for i, r := range f.rows {
		out += fmt.Sprintf("3 %s %d %s 127.0.0.1 %d %d %d %d 31 15 3 4 6 0 0 0 - 19001 - 0 0 - - 0\n", r.backend, i+1, r.name, r.op(), r.admin, r.weight, r.initial)
	}
	return out + "\n"
}

func (f *fake) showStat() string {
	out := "# " + strings.Join(f.stat, ",") + "\n"
	for _, r := range f.rows {
		values := map[string]string{
			"pxname": r.backend, "svname": r.name, "type": "2", "pid": "1", "status": r.word(), "tracked": r.tracks,
			"scur": strconv.Itoa(r.sessions), "stot": strconv.Itoa(r.calls), "req_tot": strconv.Itoa(r.calls),
			"econ": "0", "eresp": "0", "hrsp_5xx": strconv.Itoa(r.failed), "check_status": r.checkWord, "last_chk": r.lastly, "last_agt": r.agent,
		}
		fields := make([]string, len(f.stat))
		for i, name := range f.stat {
			fields[i] = values[name]
		}
		out += strings.Join(fields, ",") + "\n"
	}
	return out + "\n"
}

// sent lists the lines that changed something.
func (f *fake) sent() (writes []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.lines {
		if !strings.HasPrefix(line, "show ") {
			writes = append(writes, line)
		}
	}
	return writes
}

// call is one call through the only server of a backend.
func (f *fake) call(_ testing.TB, full string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.find(full)
	if r == nil || r.op() != 2 {
		return false
	}
	r.calls++
	return true
}
