package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"github.com/go-fonts/dejavu/dejavusansmono"
	"github.com/go-fonts/dejavu/dejavusansmonobold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The size of a cell and of what stands around the cells, in pixels.
const (
	cellWidth  = 12
	cellHeight = 25
	baseline   = 19
	fontSize   = 20
	margin     = 22
	corner     = 14
)

// look is a terminal's own colours: those of text without one.
type look struct {
	name               string
	ground, text, edge color.RGBA
}

func looks() []look {
	return []look{
		{"dark", rgb(0x0d1117), rgb(0xe6edf3), rgb(0x30363d)},
		{"light", rgb(0xffffff), rgb(0x1f2328), rgb(0xd1d9e0)},
	}
}

func rgb(c uint32) color.RGBA {
	return color.RGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xff}
}

// painter draws cells. One goroutine uses it.
type painter struct {
	look
	faces  [2]font.Face // plain and bold
	img    *image.Paletted
	index  map[color.RGBA]uint8
	shades map[rune][2]*image.Alpha
}

func newPainter(l look) (*painter, error) {
	p := &painter{look: l, shades: map[rune][2]*image.Alpha{}}
	for i, ttf := range [][]byte{dejavusansmono.TTF, dejavusansmonobold.TTF} {
		parsed, err := opentype.Parse(ttf)
		if err != nil {
			return nil, err
		}
		p.faces[i], err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// paint is a picture of the terminal, in a window with round corners.
func (p *painter) paint(e *vt.Emulator) *image.Paletted {
	cols, rows := e.Width(), e.Height()
	size := image.Rect(0, 0, cols*cellWidth+2*margin, rows*cellHeight+2*margin)
	p.img = image.NewPaletted(size, color.Palette{color.RGBA{}})
	p.index = map[color.RGBA]uint8{{}: 0}
	p.window()
	for y := range rows {
		for x := range cols {
			p.cell(e.CellAt(x, y), x, y)
		}
	}
	return p.img
}

// window fills the ground, with an edge and round corners.
func (p *painter) window() {
	b := p.img.Bounds()
	for y := range b.Max.Y {
		for x := range b.Max.X {
			switch d := outside(x, y, b.Max.X, b.Max.Y); {
			case d <= -1.5:
				p.set(x, y, p.ground)
			case d <= 0:
				p.set(x, y, p.edge)
			}
		}
	}
}

// outside is how far a pixel is outside of a rectangle with round corners; below
// 0 inside.
func outside(x, y, width, height int) float64 {
	dx := math.Abs(float64(x)+0.5-float64(width)/2) - float64(width)/2 + corner
	dy := math.Abs(float64(y)+0.5-float64(height)/2) - float64(height)/2 + corner
	return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - corner
}

// cell draws one.
func (p *painter) cell(c *uv.Cell, x, y int) {
	if c == nil {
		return
	}
	fg, bg := own(c.Style.Fg, p.text), own(c.Style.Bg, p.ground)
	if c.Style.Attrs&uv.AttrReverse != 0 {
		fg, bg = bg, fg
	}
	at := image.Pt(margin+x*cellWidth, margin+y*cellHeight)
	if bg != p.ground {
		for py := range cellHeight {
			for px := range cellWidth {
				p.set(at.X+px, at.Y+py, bg)
			}
		}
	}
	bold := 0
	if c.Style.Attrs&uv.AttrBold != 0 {
		bold = 1
	}
	for _, r := range c.Content {
		if r != ' ' {
			p.sign(r, bold, at, fg, bg)
		}
	}
}

func (p *painter) sign(r rune, bold int, at image.Point, fg, bg color.RGBA) {
	mask := p.mask(r, bold)
	for py := range cellHeight {
		for px := range cellWidth {
			if a := mask.AlphaAt(px, py).A; a > 0 {
				p.set(at.X+px, at.Y+py, blend(bg, fg, a))
			}
		}
	}
}

// own is a colour, else the terminal's own.
func own(c color.Color, or color.RGBA) color.RGBA {
	if c == nil {
		return or
	}
	return color.RGBAModel.Convert(c).(color.RGBA)
}

// steps is how many shades there are between two colours: so few that a palette
// holds all of a picture.
const steps = 8

func blend(bg, fg color.RGBA, a uint8) color.RGBA {
	s := (int(a)*steps + 127) / 255
	mix := func(b, f uint8) uint8 { return uint8((int(b)*(steps-s) + int(f)*s) / steps) }
	return color.RGBA{mix(bg.R, fg.R), mix(bg.G, fg.G), mix(bg.B, fg.B), 0xff}
}

// set sets a pixel; the nearest colour there is, once the palette is full.
func (p *painter) set(x, y int, c color.RGBA) {
	i, ok := p.index[c]
	if !ok {
		if len(p.img.Palette) < 256 {
			i = uint8(len(p.img.Palette))
			p.img.Palette = append(p.img.Palette, c)
		} else {
			i = uint8(p.img.Palette.Index(c))
		}
		p.index[c] = i
	}
	p.img.SetColorIndex(x, y, i)
}

// mask is how much of a cell a sign covers: terminals draw lines and blocks
// themselves, so that they join; everything else is the font's.
func (p *painter) mask(r rune, bold int) *image.Alpha {
	known := p.shades[r]
	if known[bold] != nil {
		return known[bold]
	}
	m := image.NewAlpha(image.Rect(0, 0, cellWidth, cellHeight))
	if parts := geometry(r); parts != nil {
		for _, rect := range parts {
			draw.Draw(m, rect, image.Opaque, image.Point{}, draw.Src)
		}
	} else {
		d := font.Drawer{Dst: m, Src: image.Opaque, Face: p.faces[bold], Dot: fixed.P(0, baseline)}
		if wide := d.MeasureString(string(r)).Round(); wide != cellWidth {
			d.Dot.X = fixed.I((cellWidth - wide) / 2)
		}
		d.DrawString(string(r))
	}
	known[bold] = m
	p.shades[r] = known
	return m
}

// geometry is the rectangles of a sign that is made of such; nil for all others.
func geometry(r rune) []image.Rectangle {
	const w, h = cellWidth, cellHeight
	if arms, ok := lines()[r]; ok {
		return arms.rectangles()
	}
	switch {
	case r == '▀':
		return []image.Rectangle{image.Rect(0, 0, w, h/2)}
	case r == '▐':
		return []image.Rectangle{image.Rect(w/2, 0, w, h)}
	case r >= '▁' && r <= '█':
		return []image.Rectangle{image.Rect(0, h-(int(r-'▁')+1)*h/8, w, h)}
	case r >= '▉' && r <= '▏':
		return []image.Rectangle{image.Rect(0, 0, (int('▏'-r)+1)*w/8, h)}
	case r >= 0x2800 && r <= 0x28ff:
		return dots(r - 0x2800)
	}
	return nil
}

// arms are how heavy the lines of a sign are, from its middle up, right, down and
// left: 0, 1 or 2.
type arms [4]int

// lines are the signs that are made of them.
func lines() map[rune]arms {
	return map[rune]arms{
		'─': {0, 1, 0, 1}, '━': {0, 2, 0, 2}, '│': {1, 0, 1, 0}, '┃': {2, 0, 2, 0},
		'└': {1, 1, 0, 0}, '┌': {0, 1, 1, 0}, '┐': {0, 0, 1, 1}, '┘': {1, 0, 0, 1},
		'├': {1, 1, 1, 0}, '┤': {1, 0, 1, 1}, '┬': {0, 1, 1, 1}, '┴': {1, 1, 0, 1}, '┼': {1, 1, 1, 1},
		'┗': {2, 2, 0, 0}, '┏': {0, 2, 2, 0}, '┣': {2, 2, 2, 0}, '┡': {2, 2, 1, 0}, '┢': {1, 2, 2, 0}, '┝': {1, 2, 1, 0},
	}
}

func (a arms) rectangles() (all []image.Rectangle) {
	const w, h, cx, cy = cellWidth, cellHeight, cellWidth / 2, cellHeight / 2
	// A light line is the pixel behind the middle, a heavy one those around it.
	from := func(weight, c int) (int, int) { return c - weight + 1, c + 1 }
	for side, weight := range a {
		if weight == 0 {
			continue
		}
		x0, x1 := from(weight, cx)
		y0, y1 := from(weight, cy)
		switch side {
		case 0:
			all = append(all, image.Rect(x0, 0, x1, y1))
		case 1:
			all = append(all, image.Rect(x0, y0, w, y1))
		case 2:
			all = append(all, image.Rect(x0, y0, x1, h))
		case 3:
			all = append(all, image.Rect(0, y0, x1, y1))
		}
	}
	return all
}

// dots are those of a braille sign.
func dots(bits rune) []image.Rectangle {
	places := []image.Point{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}}
	out := []image.Rectangle{}
	for i, at := range places {
		if bits&(1<<i) != 0 {
			x, y := 2+at.X*cellWidth/2, 3+at.Y*(cellHeight-2)/4
			out = append(out, image.Rect(x, y, x+2, y+2))
		}
	}
	return out
}
