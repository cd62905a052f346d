package list

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Order is how rows compare in one respect. What has no value there stands last,
// whichever way the others stand. The zero one compares nothing.
type Order[T any] struct {
	first, turned string // what stands first, in words: as it is, and turned round
	falling       bool   // the greatest stands first, unless it is turned
	value         func(T) value
	compare       func(a, b *value) int
}

// value is what is compared of a row. It is found once for each row, however
// often that is compared.
type value struct {
	number float64
	text   string
	none   bool
}

func numbers(a, b *value) int { return cmp.Compare(a.number, b.number) }

// Most is by number, the greatest first. NaN is none.
func Most[T any](of func(T) float64) Order[T] {
	return Order[T]{first: "most first", turned: "least first", falling: true, compare: numbers, value: func(t T) value {
		n := of(t)
		return value{number: n, none: math.IsNaN(n)}
	}}
}

// Worst is by how bad something is, the worst first. Below 0 is nothing that
// could be bad.
func Worst[T any](of func(T) int) Order[T] {
	return Order[T]{first: "worst first", turned: "best first", falling: true, compare: numbers, value: func(t T) value {
		n := of(t)
		return value{number: float64(n), none: n < 0}
	}}
}

// Newest is by time, the latest first. The zero time is none.
func Newest[T any](of func(T) time.Time) Order[T] {
	o := Most(func(t T) float64 {
		at := of(t)
		if at.IsZero() {
			return math.NaN()
		}
		return float64(at.UnixMilli())
	})
	o.first, o.turned = "newest first", "oldest first"
	return o
}

// Soonest is by time, the earliest first. The zero time is none.
func Soonest[T any](at func(T) time.Time) Order[T] {
	o := Longest(at)
	o.first, o.turned = "soonest first", "latest first"
	return o
}

// Longest is by how long something is so, since a time: the longest first. The
// zero time is none.
func Longest[T any](since func(T) time.Time) Order[T] {
	newest := Newest(since)
	o := Most(func(t T) float64 {
		v := newest.value(t)
		if v.none {
			return math.NaN()
		}
		return -v.number
	})
	o.first, o.turned = "longest first", "shortest first"
	return o
}

// Words is by name, as people count: payment-2 stands before payment-10. Nothing
// is none.
func Words[T any](of func(T) string) Order[T] {
	return Order[T]{first: "a to z", turned: "z to a", value: texts(of), compare: func(a, b *value) int { return Natural(a.text, b.text) }}
}

// Versions is by version, the newest first. Nothing is none.
func Versions[T any](of func(T) string) Order[T] {
	return Order[T]{first: "newest first", turned: "oldest first", falling: true, value: texts(of), compare: func(a, b *value) int { return Version(a.text, b.text) }}
}

func texts[T any](of func(T) string) func(T) value {
	return func(t T) value {
		s := of(t)
		return value{text: s, none: s == "" || s == "–"}
	}
}

// Sort puts rows in an order, or the other way round. Rows that compare the same
// stay as they stand.
func (o *Order[T]) Sort(rows []T, turned bool) {
	if o.value == nil {
		if turned {
			slices.Reverse(rows)
		}
		return
	}
	type one struct {
		value
		row T
	}
	all := make([]one, len(rows))
	for i, row := range rows {
		all[i] = one{o.value(row), row}
	}
	sign := 1
	if o.falling != turned {
		sign = -1
	}
	slices.SortStableFunc(all, func(a, b one) int {
		switch {
		case a.none && b.none:
			return 0
		case a.none:
			return 1
		case b.none:
			return -1
		}
		return sign * o.compare(&a.value, &b.value)
	})
	for i := range all {
		rows[i] = all[i].row
	}
}

// Natural compares names in which numbers count as numbers: a2 stands before
// a10. Only equal names are the same.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		n, m := digits(x), digits(y)
		switch {
		case n > 0 && m > 0:
			if c := number(x[:n], y[:m]); c != 0 {
				return c
			}
			x, y = x[n:], y[m:]
		case x[0] != y[0]:
			return cmp.Compare(x[0], y[0])
		default:
			x, y = x[1:], y[1:]
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// digits is how many digits a text begins with.
func digits(s string) (n int) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// number compares digits, however many they are.
func number(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// Version compares versions: 1.9 is older than 1.10, 2.0.0-rc.1 than 2.0.0. A v
// in front and what stands behind a plus do not count, unless nothing else tells
// two of them apart.
func Version(a, b string) int {
	x, before := release(a)
	y, then := release(b)
	if c := Natural(x, y); c != 0 {
		return c
	}
	switch {
	case before == "" && then != "":
		return 1
	case before != "" && then == "":
		return -1
	}
	return cmp.Or(Natural(before, then), cmp.Compare(a, b))
}

// release takes a version apart: the release, and what comes before it.
func release(s string) (version, before string) {
	if len(s) > 1 && s[0] == 'v' && digits(s[1:]) > 0 {
		s = s[1:]
	}
	s, _, _ = strings.Cut(s, "+")
	version, before, _ = strings.Cut(s, "-")
	return version, before
}
