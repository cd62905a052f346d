package service

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWindowSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w window
		expect := func(when string, total, failed int, failing bool) {
			t.Helper()
			if gotTotal, gotFailed := w.count(); gotTotal != total || gotFailed != failed || w.failing() != failing {
				t.Errorf("%s: %d of %d failed (%v), want %d of %d (%v)", when, gotFailed, gotTotal, w.failing(), failed, total, failing)
			}
		}
		expect("at first", 0, 0, false)
		for range 4 {
			w.add(false)
		}
		expect("too few to say", 4, 4, false)
		w.add(false)
		expect("enough", 5, 5, true)
		for range 20 {
			w.add(true)
		}
		expect("20% is not above 20%", 25, 5, false)
		w.add(false)
		expect("6 of 26 is", 26, 6, true)

		after(windowLength - windowSlot)
		expect("still within ten seconds", 26, 6, true)
		w.add(true)
		after(windowSlot)
		expect("the old calls are forgotten", 1, 0, false)
		after(time.Hour)
		expect("an hour later", 0, 0, false)
	})
}

// after lets the bubble's time pass.
func after(d time.Duration) { <-time.After(d) }

// TestWindowUnderLoad follows a share of errors over a minute: it shows soon,
// and is gone ten seconds after it ended.
func TestWindowUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w window
		c := &condition{}
		const every = 100 * time.Millisecond
		run := func(d time.Duration) {
			for range d / every {
				w.add(c.inject() == nil)
				after(every)
			}
		}
		run(20 * time.Second)
		if w.failing() {
			t.Fatal("failing without a fault")
		}
		c.set(Condition{Errors: 0.4})
		run(3 * time.Second)
		if w.failing() {
			t.Error("three seconds of 40% are 12% of ten")
		}
		run(4 * time.Second)
		if !w.failing() {
			t.Error("seven seconds of 40% are more than 20% of ten")
		}
		run(20 * time.Second)
		if total, failed := w.count(); failed*10 < total*4-10 || failed*10 > total*4+10 {
			t.Errorf("%d of %d failed, want 40%%", failed, total)
		}
		c.set(Condition{})
		run(10 * time.Second)
		if total, failed := w.count(); failed != 0 || total == 0 {
			t.Errorf("ten seconds after the end %d of %d failed", failed, total)
		}
	})
}
