package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/web"
)

// reader reads the answer that lists breakers.
type reader struct {
	items, name, state pointer
	fields             map[string]pointer
	states             map[string]fleet.BreakerState // by word, in lower case
	oneOpen            bool                          // a trip shows as open, and nothing else
}

// fields are what a mapping may read beside name and state.
func fields() []string {
	return []string{"failureRate", "slowRate", "calls", "rejected", "since", "by", "reason"}
}

// compile reads the pointers of a mapping.
func (r *reader) compile(m *fleet.BreakerMapping) (problems []Problem) {
	read := func(key, text string) pointer {
		p, err := parsePointer(text)
		if err != nil {
			problems = append(problems, Problem{key, err.Error()})
		}
		return p
	}
	r.items, r.name, r.state = read("items", m.Items), read("name", m.Name), read("state", m.State)
	r.fields = map[string]pointer{}
	for _, key := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.Contains(fields(), key) {
			problems = append(problems, Problem{"fields." + key, "want " + strings.Join(fields(), ", ")})
		}
		r.fields[key] = read("fields."+key, m.Fields[key])
	}
	r.states = map[string]fleet.BreakerState{}
	for word, state := range m.States {
		r.states[strings.ToLower(word)] = state
	}
	_, trips := m.Set[fleet.Trip]
	r.oneOpen = trips && !slices.Contains(slices.Collect(maps.Values(r.states)), fleet.BreakerForcedOpen)
	return problems
}

// list reads all breakers, sorted by name.
func (r *reader) list(a *web.Answer) ([]fleet.Breaker, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.UseNumber()
	var doc any
	if err := decoder.Decode(&doc); err != nil {
		return nil, a.Unreadable("it is not JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, a.Unreadable("it is more than one JSON value")
	}
	items, ok := r.items.of(doc)
	if !ok {
		return nil, a.Unreadable("nothing is at " + r.items.String())
	}
	var list []fleet.Breaker
	switch items := items.(type) {
	case []any:
		list = make([]fleet.Breaker, 0, len(items))
		for i, item := range items {
			v, _ := r.name.of(item)
			list = append(list, r.breaker(wordFor(v), item))
			if list[i].Name == "" || len(r.name) == 0 {
				return nil, a.Unreadable(fmt.Sprintf("item %d has no name at %s", i, r.name))
			}
		}
	case map[string]any:
		list = make([]fleet.Breaker, 0, len(items))
		for _, key := range slices.Sorted(maps.Keys(items)) {
			name := key
			if v, ok := r.name.of(items[key]); ok && len(r.name) > 0 {
				name = wordFor(v)
			}
			if name == "" {
				return nil, a.Unreadable("a breaker has no name")
			}
			list = append(list, r.breaker(name, items[key]))
		}
	default:
		return nil, a.Unreadable("what is at " + r.items.String() + " is neither a list nor an object of breakers")
	}
	slices.SortFunc(list, func(a, b fleet.Breaker) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(list); i++ {
		if list[i].Name == list[i-1].Name {
			return nil, a.Unreadable(fmt.Sprintf("breaker %q is in it twice", list[i].Name))
		}
	}
	return list, nil
}

// breaker reads one item.
func (r *reader) breaker(name string, item any) fleet.Breaker {
	b := fleet.NewBreaker(name, fleet.BreakerUnknown)
	b.API = Name
	if v, ok := r.state.of(item); ok {
		b.State, b.Word = r.stateOf(wordFor(v))
		b.OneOpen = r.oneOpen && b.State == fleet.BreakerOpen
	}
	field := func(key string) any {
		p, ok := r.fields[key]
		if !ok {
			return nil
		}
		v, _ := p.of(item)
		return v
	}
	b.FailureRate, b.SlowRate = rate(field("failureRate")), rate(field("slowRate"))
	b.Calls, b.Rejected = count(field("calls")), count(field("rejected"))
	b.Since = moment(field("since"))
	b.Hold.By, b.Hold.Reason = wordFor(field("by")), wordFor(field("reason"))
	return b
}

// stateOf is what a word means: as the mapping says, else as we read words of
// ours. One that means nothing is kept.
func (r *reader) stateOf(word string) (fleet.BreakerState, string) {
	if s, ok := r.states[strings.ToLower(word)]; ok {
		return s, ""
	}
	s, err := fleet.ParseBreakerState(word)
	if err != nil {
		return s, word
	}
	return s, ""
}

// wordFor is a text, a number, or true or false, as a word; other things are
// none.
func wordFor(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// rate reads a share: 0 to 1, or a text with a percent sign. What is neither is
// not known.
func rate(v any) float64 {
	text := strings.TrimSpace(wordFor(v))
	of := 1.0
	if cut, ok := strings.CutSuffix(text, "%"); ok {
		text, of = strings.TrimSpace(cut), 100
	}
	n, err := strconv.ParseFloat(text, 64)
	if n /= of; err != nil || !(n >= 0 && n <= 1) {
		return math.NaN()
	}
	return n
}

// count reads a number of calls; -1 where there is none.
func count(v any) int64 {
	n, err := strconv.ParseFloat(wordFor(v), 64)
	if err != nil || !(n >= 0 && n < 1<<62) {
		return -1
	}
	return int64(n)
}

// moment reads a time: RFC 3339, or seconds or milliseconds since 1970.
func moment(v any) time.Time {
	text := wordFor(v)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC()
	}
	n, err := strconv.ParseFloat(text, 64)
	const millis = 1e11 // more seconds than that are beyond the year 5000
	switch {
	case err != nil || !(n > 0 && n < 1e14):
		return time.Time{}
	case n > millis:
		return time.UnixMilli(int64(n)).UTC()
	}
	return time.UnixMicro(int64(n * 1e6)).UTC()
}

// pointer is a JSON pointer (RFC 6901); the empty one is the value itself.
type pointer []string

func parsePointer(text string) (pointer, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' {
		return nil, fmt.Errorf("%q is no JSON pointer: want it to start with a slash", text)
	}
	p := strings.Split(text[1:], "/")
	for i := range p {
		if rest := strings.NewReplacer("~0", "", "~1", "").Replace(p[i]); strings.Contains(rest, "~") {
			return nil, fmt.Errorf("%q is no JSON pointer: ~ is ~0 there, and / within a name is ~1", text)
		}
		p[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p[i])
	}
	return p, nil
}

// String is the pointer for messages.
func (p pointer) String() string {
	if len(p) == 0 {
		return "the top"
	}
	return strconv.Quote("/" + strings.Join(p, "/"))
}

// of follows the pointer into a value.
func (p pointer) of(v any) (any, bool) {
	for _, key := range p {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[key]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) || strconv.Itoa(i) != key {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}
