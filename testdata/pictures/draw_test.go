package main

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"

	"github.com/charmbracelet/x/vt"
)

// painted is a picture of what is written to a small terminal.
func painted(t *testing.T, l look, text string) (at func(x, y int) color.RGBA, size int) {
	t.Helper()
	e := vt.NewEmulator(20, 3)
	if _, err := e.WriteString(text); err != nil {
		t.Fatal(err)
	}
	p, err := newPainter(l)
	if err != nil {
		t.Fatal(err)
	}
	img := p.paint(e)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return func(x, y int) color.RGBA { return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA) }, b.Len()
}

// TestColours: a cell has the colours that were sent, and the terminal's own where
// none were.
func TestColours(t *testing.T) {
	for _, l := range looks() {
		at, _ := painted(t, l, "\x1b[38;2;255;0;0m█\x1b[0m█\x1b[48;2;0;0;255m \x1b[0m \x1b[7m█")
		for i, want := range []color.RGBA{rgb(0xff0000), l.text, rgb(0x0000ff), l.ground, l.ground} {
			if got := at(margin+i*cellWidth+cellWidth/2, margin+cellHeight/2); got != want {
				t.Errorf("%s: cell %d is %v, want %v", l.name, i, got, want)
			}
		}
		if got := at(0, 0); got.A != 0 {
			t.Errorf("%s: the corner is %v", l.name, got)
		}
	}
}

// TestJoined: lines and bars reach from edge to edge of their cells.
func TestJoined(t *testing.T) {
	l := looks()[0]
	at, _ := painted(t, l, "───│\r\n▄▄▄│")
	for x := range 3 * cellWidth {
		if got := at(margin+x, margin+cellHeight/2); got != l.text {
			t.Fatalf("the line has a gap at %d: %v", x, got)
		}
		if got := at(margin+x, margin+2*cellHeight-1); got != l.text {
			t.Fatalf("the bars have a gap at %d: %v", x, got)
		}
	}
	for y := range 2 * cellHeight {
		if got := at(margin+3*cellWidth+cellWidth/2, margin+y); got != l.text {
			t.Fatalf("the upright line has a gap at %d: %v", y, got)
		}
	}
}

// TestSigns: the font has every sign that the dashboard has.
func TestSigns(t *testing.T) {
	p, err := newPainter(looks()[0])
	if err != nil {
		t.Fatal(err)
	}
	box := p.mask('\U0010ffff', 0) // what stands for a sign that the font does not have
	for _, r := range "✓✗!?–└·›▌▲▼…×→↑↓●━│┃├┤┬┴┼⠿⣀" {
		for bold := range 2 {
			m := p.mask(r, bold)
			ink := 0
			for _, a := range m.Pix {
				ink += int(a)
			}
			if ink == 0 || bytes.Equal(m.Pix, box.Pix) {
				t.Errorf("%c is not drawn", r)
			}
		}
	}
}

// TestSmall: however many colours there are, a palette holds them.
func TestSmall(t *testing.T) {
	text := ""
	for i := range 60 {
		text += "\x1b[38;2;" + string(rune('0'+i%10)) + "0;1" + string(rune('0'+i/10)) + "0;200mW"
	}
	if _, size := painted(t, looks()[0], text); size > 20_000 {
		t.Errorf("%d bytes", size)
	}
}
