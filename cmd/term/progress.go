package term

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

const (
	drawEvery  = 100 * time.Millisecond // a line that is redrawn
	drawAfter  = 400 * time.Millisecond // quick work shows nothing
	plainEvery = 30 * time.Second       // lines that stay
)

// Progress says on standard error how far a long work is: one line that is
// redrawn on a terminal, a plain line every 30 s elsewhere and in builds,
// nothing when quiet. It is safe for concurrent use.
type Progress struct {
	t      *IO
	redraw bool
	stop   chan struct{}
	ended  chan struct{}
	once   sync.Once

	mu    sync.Mutex
	text  string
	done  int // of total things: what text counts, where it does
	total int
	drawn bool
	frame int
}

// Progress starts one, with a goroutine of its own. Done ends it, before
// anything else is written.
func (t *IO) Progress() *Progress {
	p := &Progress{t: t, redraw: t.ErrTTY && !t.Dumb && t.CI == NoCI, stop: make(chan struct{}), ended: make(chan struct{})}
	if t.Quiet {
		close(p.ended)
		return p
	}
	go p.loop()
	return p
}

// Set says how far the work is. The text is cleaned.
func (p *Progress) Set(text string) { p.Count(0, 0, text) }

// Count says how far the work is by numbers: "7 of 14 " and the text. It is told
// so after every step of many, and costs next to nothing until it is drawn. A
// total of 0 is none.
func (p *Progress) Count(done, total int, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text, p.done, p.total = text, done, total
}

// words are what is drawn.
func (p *Progress) words() string {
	text := p.text
	if p.total > 0 {
		text = fmt.Sprintf("%d of %d %s", p.done, p.total, text)
	}
	text = Clean(text)
	if p.t.ASCII {
		text = ASCII(text)
	}
	return text
}

// Say writes a line that stays, above the one that is redrawn.
func (p *Progress) Say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.t.Quiet {
		return
	}
	p.erase()
	line = Clean(line)
	if p.t.ASCII {
		line = ASCII(line)
	}
	p.write(line + "\n")
}

// Done takes the line away and returns when nothing more will be written.
func (p *Progress) Done() {
	p.once.Do(func() { close(p.stop) })
	<-p.ended
}

func (p *Progress) loop() {
	defer close(p.ended)
	every, after := plainEvery, plainEvery
	if p.redraw {
		every, after = drawEvery, drawAfter
	}
	next := time.NewTimer(after)
	defer next.Stop()
	for {
		select {
		case <-p.stop:
			p.mu.Lock()
			p.erase()
			p.mu.Unlock()
			return
		case <-next.C:
			p.draw()
			next.Reset(every)
		}
	}
}

func (p *Progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.words()
	if text == "" {
		return
	}
	if !p.redraw {
		p.write(text + "\n")
		return
	}
	spinner, dots := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"), "…"
	if p.t.ASCII {
		spinner, dots = []rune(`|/-\`), "~"
	}
	p.frame = (p.frame + 1) % len(spinner)
	// The last column stays free: some terminals go to the next line there.
	p.write("\r" + string(spinner[p.frame]) + " " + runewidth.Truncate(text, p.t.Width()-3, dots) + "\x1b[K")
	p.drawn = true
}

// erase takes the drawn line away.
func (p *Progress) erase() {
	if p.drawn {
		p.write("\r\x1b[K")
		p.drawn = false
	}
}

// write is to standard error, whose failures have nowhere to go.
func (p *Progress) write(s string) { _, _ = io.WriteString(p.t.Err, s) }
