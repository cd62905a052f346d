package spoken

import (
	"bufio"
	"context"
	"io"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// Run speaks to out of what a dashboard shows, and takes lines from in, until the
// person leaves, in is at its end, or ctx ends.
func Run(ctx context.Context, in io.Reader, out io.Writer, d Dashboard) error {
	v := newVoice(out)
	defer v.close()
	p := tea.NewProgram(New(d, v.say), tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutRenderer(), tea.WithoutSignalHandler())
	go func() { // it ends with in, which is the caller's
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			p.Send(Line(lines.Text()))
		}
		p.Send(End{})
	}()
	_, err := p.Run()
	return err
}

// voice is what was said and is not written yet: who speaks never waits for who
// hears.
type voice struct {
	mu    sync.Mutex
	text  strings.Builder
	news  chan struct{}
	ended chan struct{}
}

func newVoice(out io.Writer) *voice {
	v := &voice{news: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(v.ended)
		for range v.news {
			v.mu.Lock()
			text := v.text.String()
			v.text.Reset()
			v.mu.Unlock()
			_, _ = io.WriteString(out, text) // who is gone hears nothing
		}
	}()
	return v
}

func (v *voice) say(text string) {
	v.mu.Lock()
	v.text.WriteString(text)
	v.mu.Unlock()
	select {
	case v.news <- struct{}{}:
	default: // it is known that something is there
	}
}

// close waits until all is written. Nothing is said after it.
func (v *voice) close() {
	close(v.news)
	<-v.ended
}
