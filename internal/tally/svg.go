package tally

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"text/template"
)

//go:embed chart.svg
var chartText string

var chartTemplate = template.Must(template.New("chart").Parse(chartText))

// Measures of the picture, in pixels.
const (
	labelWidth = 250 // left of the bars
	plotWidth  = 400
	margin     = 56 // right of the bars, for the number of the longest
	topHeight  = 58
	barHeight  = 13
	groupGap   = 14
	tickHeight = 22 // below the bars
)

// chart is what the template draws: for each case a bar for each stack but the kernel, whose speed is a line.
type chart struct {
	Width, Height, Left, Top, Bottom int

	Groups []group
	Ticks  []tick
}

type group struct {
	Title string
	Y     int // of the middle of its bars
	Bars  []bar
}

type bar struct {
	Class        string
	Y, W, H      int
	Text         string
	TextX, TextY int
}

type tick struct {
	X    int
	Text string
	One  bool // the kernel's
}

// speed returns how fast a stack is in a case, as a multiple of the kernel; 0 if that is not known.
func (r *Tally) speed(k key, stack string) float64 {
	l := r.lines[k][stack]
	switch {
	case l == nil || l.Ratio <= 0:
		return 0
	case k.Bench == "rr":
		return 1 / l.Ratio
	case k.Bench == "bulk" || k.Bench == "crr":
		return l.Ratio
	}
	return 0
}

// SVG returns a picture of how fast we and gVisor are, in multiples of the kernel.
func (r *Tally) SVG() (string, error) {
	most := 1.0
	var keys []key
	for _, k := range r.keys {
		if s := r.speed(k, "antedon"); s > 0 && !r.inCurve(k) {
			keys = append(keys, k)
			most = max(most, s, r.speed(k, "gvisor"))
		}
	}
	if len(keys) == 0 {
		return "", fmt.Errorf("there is no ratio of ours to the kernel's speed to draw")
	}
	scale := plotWidth / most
	c := chart{Width: labelWidth + plotWidth + margin, Left: labelWidth, Top: topHeight}
	y := topHeight + groupGap/2
	for _, k := range keys {
		var g group
		g, y = r.group(k, y, scale)
		c.Groups = append(c.Groups, g)
	}
	c.Bottom = y - groupGap/2
	c.Height = c.Bottom + tickHeight + 8
	for i := 0; float64(i)/2 <= most; i++ {
		x := float64(i) / 2
		c.Ticks = append(c.Ticks, tick{labelWidth + int(math.Round(x*scale)), fmt.Sprintf("x%g", x), i == 2})
	}
	var b strings.Builder
	err := chartTemplate.Execute(&b, c)
	return b.String(), err
}

// group returns the bars of a case, and where the next begins.
func (r *Tally) group(k key, y int, scale float64) (group, int) {
	g := group{Title: k.title()}
	first := y
	for _, stack := range []string{"antedon", "gvisor"} {
		s := r.speed(k, stack)
		if s == 0 {
			continue
		}
		w := int(math.Round(s * scale))
		g.Bars = append(g.Bars, bar{
			Class: stack, Y: y, W: w, H: barHeight - 1,
			Text: fmt.Sprintf("x%.2f", s), TextX: labelWidth + w + 5, TextY: y + barHeight - 3,
		})
		y += barHeight
	}
	g.Y = (first+y)/2 + 4
	return g, y + groupGap
}
