package theme

import (
	"fmt"
	"image/color"
	"math"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

func every() map[string]Options {
	return map[string]Options{"dark": {}, "light": {Light: true}, "color-blind": {ColorBlind: true}, "color-blind light": {ColorBlind: true, Light: true}}
}

func names() map[Tone]string {
	return map[Tone]string{Dim: "dim", Accent: "accent", Good: "good", Warn: "warn", Bad: "bad", Doubt: "doubt", Calm: "calm", Trend: "trend", Rule: "rule"}
}

// grounds are those that terminals have: black, GitHub's, VS Code's, One Dark,
// Nord, Solarized; white, Solarized, Catppuccin. The first ones are the usual.
func grounds(light bool) (all []color.Color, usual int) {
	if light {
		return []color.Color{rgb(0xffffff), rgb(0xfdf6e3), rgb(0xf2f2f2), rgb(0xeff1f5)}, 1
	}
	return []color.Color{rgb(0x000000), rgb(0x0d1117), rgb(0x1e1e1e), rgb(0x282c34), rgb(0x2e3440), rgb(0x002b36)}, 3
}

// linear is a colour as amounts of light, 0 to 1.
func linear(c color.Color) (v [3]float64) {
	r, g, b, _ := c.RGBA()
	for i, x := range [3]uint32{r, g, b} {
		if f := float64(x) / 0xffff; f <= 0.04045 {
			v[i] = f / 12.92
		} else {
			v[i] = math.Pow((f+0.055)/1.055, 2.4)
		}
	}
	return v
}

// contrast is that of WCAG 2: 1 to 21.
func contrast(a, b color.Color) float64 {
	light := func(c color.Color) float64 {
		v := linear(c)
		return 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2]
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestContrast: text can be read on every ground and on the cursor's row (WCAG AA:
// 4.5), bars of charts are seen on them, and lines that only part things on the
// usual ones (3). The same where a terminal has 256 colours.
func TestContrast(t *testing.T) {
	for name, o := range every() {
		p := choose(o)
		all, usual := grounds(o.Light)
		for depth, as := range map[string]func(color.Color) color.Color{"all colours": same, "256": colorprofile.ANSI256.Convert} {
			lit := as(p.lit)
			for tone, called := range names() {
				c, on, least := as(p.tones[tone]), append([]color.Color{lit}, all...), 4.5
				switch tone {
				case Trend:
					least = 3
				case Rule:
					on, least = all[:usual], 3
				}
				for _, ground := range on {
					if got := contrast(c, ground); got < least {
						t.Errorf("%s, %s: %s on %s has a contrast of %.2f, want %.1f", name, depth, called, hex(ground), got, least)
					}
				}
			}
		}
	}
}

func same(c color.Color) color.Color { return c }

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

// TestLit: the ground of the cursor's row is grey, so that it stays so in 256
// colours, and is seen on the usual grounds.
func TestLit(t *testing.T) {
	for name, o := range every() {
		p := choose(o)
		as := colorprofile.ANSI256.Convert(p.lit)
		if hex(as) != hex(p.lit) {
			t.Errorf("%s: %s is %s in 256 colours", name, hex(p.lit), hex(as))
		}
		all, usual := grounds(o.Light)
		for _, ground := range all[:usual] {
			if got := contrast(p.lit, ground); got < 1.2 {
				t.Errorf("%s: not seen on %s: %.2f", name, hex(ground), got)
			}
		}
	}
}

// TestGreys: what is quiet is grey in 256 colours as well: no hue stands for it.
func TestGreys(t *testing.T) {
	for name, o := range every() {
		p := choose(o)
		for _, tone := range []Tone{Dim, Calm, Rule} {
			as := colorprofile.ANSI256.Convert(p.tones[tone])
			if r, g, b, _ := as.RGBA(); r != g || g != b {
				t.Errorf("%s: %s is %s in 256 colours", name, names()[tone], hex(as))
			}
		}
	}
}

// Eyes, as amounts of light are seen by them: Machado, Oliveira and Fernandes,
// "A Physiologically-based Model for Simulation of Color Vision Deficiency"
// (2009), severity 1.
func eyes() map[string][3][3]float64 {
	return map[string][3][3]float64{
		"all cones":    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	}
}

// seen is a colour as such eyes see it, in CIE L*a*b*.
func seen(c color.Color, by [3][3]float64) (lab [3]float64) {
	v := linear(c)
	var s [3]float64
	for i, row := range by {
		s[i] = min(1, max(0, row[0]*v[0]+row[1]*v[1]+row[2]*v[2]))
	}
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*s[0] + 0.3575761*s[1] + 0.1804375*s[2]) / 0.95047)
	y := f(0.2126729*s[0] + 0.7151522*s[1] + 0.0721750*s[2])
	z := f((0.0193339*s[0] + 0.1191920*s[1] + 0.9503041*s[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// distance is CIEDE2000: 1 is what is just noticed, 10 is seen at a glance.
func distance(a, b [3]float64) float64 {
	deg := math.Pi / 180
	mean := (math.Hypot(a[1], a[2]) + math.Hypot(b[1], b[2])) / 2
	g := 1.5 - 0.5*math.Sqrt(math.Pow(mean, 7)/(math.Pow(mean, 7)+math.Pow(25, 7)))
	c1, c2 := math.Hypot(a[1]*g, a[2]), math.Hypot(b[1]*g, b[2])
	angle := func(v [3]float64) float64 { return math.Mod(math.Atan2(v[2], v[1]*g)/deg+360, 360) }
	h1, h2 := angle(a), angle(b)
	dh, hm := h2-h1, (h1+h2)/2
	if math.Abs(dh) > 180 {
		dh -= math.Copysign(360, dh)
		hm = math.Mod(hm+180, 360)
	}
	dl, dc, dH := b[0]-a[0], c2-c1, 2*math.Sqrt(c1*c2)*math.Sin(dh/2*deg)
	lm, cm := (a[0]+b[0])/2, (c1+c2)/2
	t := 1 - 0.17*math.Cos((hm-30)*deg) + 0.24*math.Cos(2*hm*deg) + 0.32*math.Cos((3*hm+6)*deg) - 0.2*math.Cos((4*hm-63)*deg)
	sl, sc, sh := 1+0.015*(lm-50)*(lm-50)/math.Sqrt(20+(lm-50)*(lm-50)), 1+0.045*cm, 1+0.015*cm*t
	turn := 60 * math.Exp(-(hm-275)/25*(hm-275)/25)
	rt := -2 * math.Sqrt(math.Pow(cm, 7)/(math.Pow(cm, 7)+math.Pow(25, 7))) * math.Sin(turn*deg)
	return math.Sqrt(dl*dl/sl/sl + dc*dc/sc/sc + dH*dH/sh/sh + rt*dc/sc*dH/sh)
}

// TestDistance holds the formula against pairs of the paper that published it
// (Sharma, Wu, Dalal, 2005).
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b [3]float64
		want float64
	}{
		{[3]float64{50, 2.6772, -79.7751}, [3]float64{50, 0, -82.7485}, 2.0425},
		{[3]float64{50, 2.5, 0}, [3]float64{50, 0, -2.5}, 4.3065},
		{[3]float64{50, 2.5, 0}, [3]float64{73, 25, -18}, 27.1492},
		{[3]float64{60.2574, -34.0099, 36.2677}, [3]float64{60.4626, -34.1751, 39.4387}, 1.2644},
	} {
		if got := distance(c.a, c.b); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%v to %v: %.4f, want %.4f", c.a, c.b, got, c.want)
		}
	}
}

// TestColorBlind: whatever cones an eye has, what is good, doubtful, half bad, bad
// and beside the point are told apart at a glance in the palette that is for it;
// in 256 colours it is still seen. The other palettes are for who has all cones.
func TestColorBlind(t *testing.T) {
	tell := []Tone{Good, Warn, Bad, Doubt, Dim}
	for name, o := range every() {
		p := choose(o)
		for eye, by := range eyes() {
			if !o.ColorBlind && eye != "all cones" {
				continue
			}
			for i, a := range tell {
				for _, b := range tell[:i] {
					if got := distance(seen(p.tones[a], by), seen(p.tones[b], by)); got < 10 {
						t.Errorf("%s, %s: %s and %s are %.1f apart", name, eye, names()[a], names()[b], got)
					}
					x, y := colorprofile.ANSI256.Convert(p.tones[a]), colorprofile.ANSI256.Convert(p.tones[b])
					if got := distance(seen(x, by), seen(y, by)); got < 7 {
						t.Errorf("%s, %s, 256 colours: %s and %s are %.1f apart", name, eye, names()[a], names()[b], got)
					}
				}
			}
		}
	}
}

// TestSixteen: a terminal with its own sixteen colours gets those by name, the
// four that say how something is are four, and there is no ground that hides one.
func TestSixteen(t *testing.T) {
	for name, o := range every() {
		o.Sixteen = true
		p := choose(o)
		if p.lit != nil {
			t.Errorf("%s: a ground of %v", name, p.lit)
		}
		used := map[color.Color]Tone{}
		for _, tone := range []Tone{Good, Warn, Bad, Doubt} {
			c, basic := p.tones[tone].(ansi.BasicColor)
			if !basic || colorprofile.ANSI.Convert(c) != c {
				t.Errorf("%s: %s is %v", name, names()[tone], p.tones[tone])
			}
			if other, twice := used[c]; twice {
				t.Errorf("%s: %s and %s are the same", name, names()[tone], names()[other])
			}
			used[c] = tone
		}
	}
}
