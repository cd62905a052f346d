package main

// walk is one run of the program, and the pictures that are taken on its way.
type walk struct {
	command []string
	steps   []string // before the first one
	shots   []shot
}

// shot is a picture: how large the terminal is, what is done before it is taken,
// and after it. A step that begins with ~ waits for a text, an
// empty one for a second; any other is typed.
type shot struct {
	name       string
	cols, rows int
	steps      []string
	after      []string
}

const (
	enter  = "\r"
	escape = "\x1b"
)

// walks are all pictures there are.
func walks() []walk {
	return []walk{recording(), demo()}
}

// recording is a walk through the one of testdata, at a moment in the middle of
// its trouble. It comes there pass by pass, and in no hurry, so that each has its
// numbers: they get a tenth of a core at most.
func recording() walk {
	w := walk{command: []string{"top", "--replay", "testdata/recordings/demo.jsonl.zst"}, steps: []string{"~payment", "p", "~paused", ":seek start" + enter, "~02:14:08"}}
	for range 31 {
		w.steps = append(w.steps, ".", "")
	}
	w.shots = []shot{
		{name: "fleet", cols: 100, rows: 22, steps: []string{"g"}},
		{name: "service", cols: 100, rows: 24, steps: []string{":payment" + enter}},
		{name: "instance", cols: 100, rows: 46, steps: []string{"g", enter}},
		{name: "breakers", cols: 100, rows: 24, steps: []string{":fleet" + enter, ":breakers" + enter}},
		{name: "events", cols: 100, rows: 24, steps: []string{":fleet" + enter, ":events" + enter}},
		{name: "sources", cols: 100, rows: 20, steps: []string{":fleet" + enter, ":sources" + enter}},
		{name: "map", cols: 100, rows: 20, steps: []string{":fleet" + enter, ":map" + enter, "gjj"}},
		{name: "help", cols: 100, rows: 40, steps: []string{":fleet" + enter, "?"}, after: []string{escape}},
		{name: "replay", cols: 100, rows: 22, steps: []string{"nnnn"}},
	}
	return w
}

// demo is a walk through the demo's own fleet, since nothing can be changed in a
// recording: a breaker is opened by hand. Times and numbers are those of the run.
func demo() walk {
	return walk{
		command: []string{"demo", "--fault", "payment:errors=60%", "--", "top", "--write", "--interval", "2s"},
		steps:   []string{"~payment", "~%", ":order/payment" + enter, "T", "payment db failover"},
		shots: []shot{
			{name: "form", cols: 100, rows: 18},
			{name: "plan", cols: 100, rows: 18, steps: []string{enter, "~Go on?", "y"}},
			{name: "results", cols: 100, rows: 18, steps: []string{enter, "~undoes it"}, after: []string{escape, ":fleet" + enter, ":changes" + enter}},
			{name: "changes", cols: 100, rows: 18, steps: []string{"~in force"}},
			{name: "change", cols: 100, rows: 18, steps: []string{enter}},
			{name: "held", cols: 100, rows: 24, steps: []string{":fleet" + enter, ":order/payment" + enter, "~oncall-1"}},
		},
	}
}
