package exposition_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/midwatch-cli/midwatch/fleet/metrics/scrape/exposition"
)

// sheet is a page as its lines, to be edited.
type sheet struct {
	r     *rand.Rand
	lines []string
	om    bool
	n     int
}

// family writes a whole family.
func (s *sheet) family() []string {
	s.n++
	name, kind := fmt.Sprint("f", s.r.IntN(12)), s.r.IntN(4)
	var lines []string
	if s.r.IntN(4) > 0 {
		lines = append(lines, "# HELP "+name+" text")
	}
	if s.r.IntN(5) > 0 {
		lines = append(lines, "# TYPE "+name+" "+[]string{"gauge", "histogram", "summary", "counter"}[kind])
	}
	for range 1 + s.r.IntN(3) {
		label := fmt.Sprintf("i=%q", fmt.Sprint(s.r.IntN(5)))
		switch kind {
		case 1:
			for _, le := range []string{"1", "2.50", "1e1", "+Inf"}[s.r.IntN(4):] {
				lines = append(lines, s.line(name+"_bucket{"+label+",le=\""+le+"\"}"))
			}
			lines = append(lines, s.line(name+"_sum{"+label+"}"), s.line(name+"_count{"+label+"}"))
		case 2:
			lines = append(lines, s.line(name+"{quantile=\"1\","+label+"}"), s.line(name+"_sum{"+label+"}"))
		case 3:
			lines = append(lines, s.line(name+"_total{"+label+"}"))
		default:
			lines = append(lines, s.line(name+"{"+label+"}"))
		}
	}
	return lines
}

// line puts a value behind a series, at times with more.
func (s *sheet) line(series string) string {
	series += " " + []string{"1", "0.25", "-3", "1e3", "NaN", "+Inf", "123456789012345678"}[s.r.IntN(7)]
	switch s.r.IntN(40) {
	case 0:
		if series += " 1700000000"; !s.om {
			series += "123"
		}
	case 1, 2, 3:
		if s.om {
			series += ` # {trace_id="a"} 0.5` + []string{"", " 1700000000.25"}[s.r.IntN(2)]
		}
	}
	return series
}

// edit changes the page somewhere, or only its values.
func (s *sheet) edit() {
	at := s.r.IntN(len(s.lines) + 1)
	switch s.r.IntN(12) {
	case 0:
		s.lines = slices.Insert(s.lines, at, s.family()...)
	case 1:
		s.lines = slices.Delete(s.lines, at, min(len(s.lines), at+1+s.r.IntN(4)))
	case 2:
		if at < len(s.lines) { // the same once more, somewhere
			s.lines = slices.Insert(s.lines, s.r.IntN(len(s.lines)), s.lines[at])
		}
	case 3:
		for range 3 { // another order
			i, j := s.r.IntN(len(s.lines)+1), s.r.IntN(len(s.lines)+1)
			if max(i, j) < len(s.lines) {
				s.lines[i], s.lines[j] = s.lines[j], s.lines[i]
			}
		}
	case 4:
		if s.lines = slices.Insert(s.lines, at, "# a comment"); s.om {
			s.lines[at] = "# HELP f1 another"
		}
	}
	for i, l := range s.lines {
		if l[0] != '#' {
			series, _, _ := strings.Cut(l, " ")
			s.lines[i] = s.line(series)
		}
	}
}

func (s *sheet) text() string {
	page := strings.Join(s.lines, "\n") + "\n"
	if s.om {
		page += "# EOF\n"
	}
	return page
}

// TestEdits: through many changes of a page, each version says what it would have
// said alone.
func TestEdits(t *testing.T) {
	for _, kind := range []string{text, typeOf(".om")} {
		for seed := range uint64(30) {
			s := &sheet{r: rand.New(rand.NewPCG(seed, 1)), om: kind != text}
			for range 6 {
				s.lines = append(s.lines, s.family()...)
			}
			var d exposition.Decoder
			v := &book{everAt: 5}
			for step := range 60 {
				page := s.text()
				var alone exposition.Decoder
				w := &book{everAt: 5}
				want, wrong := alone.Decode([]byte(page), kind, 5, w)
				v.lines = nil
				got, err := d.Decode([]byte(page), kind, 5, v)
				if said(got, err) != said(want, wrong) || !slices.Equal(v.lines, w.lines) || len(v.unhappy) > 0 {
					t.Fatalf("seed %d, step %d:\n%s\nagain\n%s\n%s\nalone\n%s\n%s", seed, step, page, said(got, err), strings.Join(v.lines, "\n"), said(want, wrong), strings.Join(w.lines, "\n"))
				}
				if wrong != nil {
					t.Fatalf("seed %d, step %d: %v\n%s", seed, step, wrong, page)
				}
				s.edit()
			}
		}
	}
}

// FuzzRest: what follows a series is read as the parser reads it.
func FuzzRest(f *testing.F) {
	for _, s := range []string{
		"1", "-0.5", "1e400", "NaN 12", "1 123", "1 -1", "1  ", "1\t2", "0x1", "1_0", "1 # {a=\"b\"} 2", "1 2.5 # {} 3 4", "1 # {a=\"\\\"\",} 1", "1 # {a=\"b\"c=\"d\"} 1", "1 NaN", "1 1e30", "+Inf # {a=\"\xff\"} 1",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, rest string, om bool) {
		kind, end := text, ""
		if om {
			kind, end = typeOf(".om"), "# EOF\n"
		}
		var again, alone exposition.Decoder
		v, w := &book{everAt: -5}, &book{everAt: -5}
		if _, err := again.Decode([]byte("a 1\nb 1\n"+end), kind, -5, v); err != nil {
			t.Fatal(err)
		}
		page := []byte("a " + rest + "\nb 2\n" + end)
		want, wrong := alone.Decode(page, kind, -5, w)
		v.lines = nil
		got, err := again.Decode(page, kind, -5, v)
		if said(got, err) != said(want, wrong) || !slices.Equal(v.lines, w.lines) {
			t.Fatalf("%q\nagain\n%s\n%q\nalone\n%s\n%q", page, said(got, err), v.lines, said(want, wrong), w.lines)
		}
	})
}
