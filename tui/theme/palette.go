package theme

import (
	"image/color"

	"github.com/charmbracelet/x/ansi"
)

// palette has a colour for each tone that is one, and the ground of the cursor's
// row; without that ground weight shows the row. Text can be read on every usual
// ground and on the cursor's, also where a terminal has 256 colours and the
// nearest one is taken: TestContrast holds it to that.
type palette struct {
	tones [tones]color.Color
	lit   color.Color
}

// choose is the palette for what the terminal has.
func choose(o Options) palette {
	switch {
	case o.Colorless:
		return palette{}
	case o.Sixteen:
		return sixteen(o)
	case o.ColorBlind && o.Light:
		return palette{lit: rgb(0xe4e4e4), tones: [tones]color.Color{
			Dim: rgb(0x59636e), Accent: rgb(0x0b5394), Good: rgb(0x0058d0), Warn: rgb(0x7a6000), Bad: rgb(0x7a1400),
			Doubt: rgb(0x5a0a6e), Calm: rgb(0x59636e), Trend: rgb(0x3f70b0), Rule: rgb(0x8f9398),
		}}
	case o.ColorBlind:
		return palette{lit: rgb(0x303030), tones: [tones]color.Color{
			Dim: rgb(0x9da1a6), Accent: rgb(0x9ecae1), Good: rgb(0x2fa8ff), Warn: rgb(0xf0e442), Bad: rgb(0xf08048),
			Doubt: rgb(0xf2c0d0), Calm: rgb(0x9da1a6), Trend: rgb(0x5088c4), Rule: rgb(0x747a83),
		}}
	case o.Light:
		return palette{lit: rgb(0xe4e4e4), tones: [tones]color.Color{
			Dim: rgb(0x59636e), Accent: rgb(0x0b5cad), Good: rgb(0x116d2c), Warn: rgb(0x805500), Bad: rgb(0xb81c26),
			Doubt: rgb(0x6a28b0), Calm: rgb(0x59636e), Trend: rgb(0x3f70b0), Rule: rgb(0x8f9398),
		}}
	}
	return palette{lit: rgb(0x303030), tones: [tones]color.Color{
		Dim: rgb(0x9da1a6), Accent: rgb(0x79b8ff), Good: rgb(0x6cc474), Warn: rgb(0xdbab4b), Bad: rgb(0xff7878),
		Doubt: rgb(0xbc9ff5), Calm: rgb(0x9da1a6), Trend: rgb(0x5088c4), Rule: rgb(0x747a83),
	}}
}

// sixteen are the colours that each person has chosen for the terminal: by name,
// since nobody knows what they look like. There is no ground among them on which
// all others can be read.
func sixteen(o Options) palette {
	p := palette{tones: [tones]color.Color{
		Accent: ansi.Cyan, Good: ansi.Green, Warn: ansi.Yellow, Bad: ansi.Red, Doubt: ansi.Magenta, Trend: ansi.Blue,
	}}
	if o.ColorBlind {
		p.tones[Good], p.tones[Trend] = ansi.Blue, ansi.Cyan
	}
	if !o.Light {
		for tone, c := range p.tones {
			if c != nil {
				p.tones[tone] = c.(ansi.BasicColor) + ansi.BrightBlack
			}
		}
	}
	return p
}

func rgb(c uint32) color.Color {
	return color.RGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xff}
}
