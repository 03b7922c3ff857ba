package tally

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/template"
)

//go:embed poll.svg
var pollText string

var pollTemplate = template.Must(template.New("poll").Parse(pollText))

// Measures of the picture, in pixels.
const (
	graphWidth  = 330
	graphHeight = 230
	graphLeft   = 60 // of a graph: the numbers of its axis
	graphTop    = 66
	graphFoot   = 44
)

// pollChart is what the template draws: two graphs with logarithmic axes.
type pollChart struct {
	Width, Height int
	Legend        []legend
	Graphs        []graph
}

type legend struct {
	Class, Text string
	X, To       int
}

type graph struct {
	Title, Axis                      string
	Left, Right, Top, Bottom, Middle int
	XTicks, YTicks                   []notch
	Curves                           []curve
	Dots                             []dot
}

type notch struct {
	At   int
	Text string
}

type curve struct{ Class, Points string }

type dot struct {
	Class string
	X, Y  int
}

// point is a figure of a poller.
type point struct {
	poller string
	x, y   float64
	wide   bool
}

// PollSVG returns a picture of what bench poll has measured: on the left what it costs to be told of one descriptor, by how many
// are watched; on the right what each costs if more of the largest number are ready.
func (r *Tally) PollSVG() (string, error) {
	if err := r.CheckPolls(); err != nil {
		return "", err
	}
	p := &r.polls
	most := p.keys[len(p.keys)-1].fds
	var alone, together []point
	for _, k := range p.keys {
		for _, c := range pollers {
			l := p.lines[k][c.poller]
			if l == nil {
				continue
			}
			if k.active == 1 {
				alone = append(alone, point{c.poller, float64(k.fds), l.TurnUS, l.Wide})
			}
			if k.fds == most {
				together = append(together, point{c.poller, float64(k.active), l.Event / 1e3, l.Wide})
			}
		}
	}
	c := pollChart{Height: graphTop + graphHeight + graphFoot}
	for _, about := range []struct {
		title, axis string
		points      []point
	}{
		{"µs for a wake-up, one descriptor ready", "descriptors watched", alone},
		{"µs for each event, of " + thousands(most) + " descriptors", "descriptors ready at a time", together},
	} {
		if len(about.points) > 0 {
			left := len(c.Graphs)*(graphLeft+graphWidth+20) + graphLeft
			c.Graphs = append(c.Graphs, newGraph(about.title, about.axis, left, about.points))
		}
	}
	c.Width = c.Graphs[len(c.Graphs)-1].Right + 30
	c.Legend = pollLegend()
	var b strings.Builder
	err := pollTemplate.Execute(&b, c)
	return b.String(), err
}

func pollLegend() []legend {
	var list []legend
	x := 12
	for _, c := range pollers {
		list = append(list, legend{c.poller, c.name, x, x + 24})
		x += 24 + 20 + 7*len(c.name)
	}
	return append(list, legend{"select wide", "beyond libc's fd_set", x, x + 24})
}

// newGraph puts points on axes that reach from power of ten to power of ten.
func newGraph(title, axis string, left int, points []point) graph {
	g := graph{
		Title: title, Axis: axis, Left: left, Right: left + graphWidth, Top: graphTop, Bottom: graphTop + graphHeight,
		Middle: left + graphWidth/2,
	}
	x := newScale(points, func(p point) float64 { return p.x }, g.Left, g.Right)
	y := newScale(points, func(p point) float64 { return p.y }, g.Bottom, g.Top)
	g.XTicks, g.YTicks = x.notches(), y.notches()
	for _, c := range pollers {
		g.draw(c.poller, points, x, y)
	}
	return g
}

// draw adds the curve of a poller, dashed where it is wide.
func (g *graph) draw(poller string, points []point, x, y scale) {
	var solid, wide []string
	for _, p := range points {
		if p.poller != poller {
			continue
		}
		d := dot{poller, x.at(p.x), y.at(p.y)}
		at := fmt.Sprintf("%d,%d", d.X, d.Y)
		if p.wide && len(wide) == 0 && len(solid) > 0 {
			wide = append(wide, solid[len(solid)-1])
		}
		if p.wide {
			wide = append(wide, at)
		} else {
			solid = append(solid, at)
		}
		g.Dots = append(g.Dots, d)
	}
	if len(solid) > 1 {
		g.Curves = append(g.Curves, curve{poller, strings.Join(solid, " ")})
	}
	if len(wide) > 1 {
		g.Curves = append(g.Curves, curve{poller + " wide", strings.Join(wide, " ")})
	}
}

// scale maps numbers to pixels by their logarithm.
type scale struct{ least, most, from, to float64 } // powers of ten, pixels

func newScale(points []point, of func(point) float64, from, to int) scale {
	s := scale{math.Inf(1), math.Inf(-1), float64(from), float64(to)}
	for _, p := range points {
		l := math.Log10(max(of(p), 1e-6))
		s.least, s.most = min(s.least, math.Floor(l)), max(s.most, math.Ceil(l))
	}
	s.most = max(s.most, s.least+1)
	return s
}

func (s scale) at(v float64) int {
	part := (math.Log10(max(v, 1e-6)) - s.least) / (s.most - s.least)
	return int(math.Round(s.from + part*(s.to-s.from)))
}

// notches are the powers of ten.
func (s scale) notches() []notch {
	var list []notch
	for l := s.least; l <= s.most; l++ {
		v := math.Pow(10, l)
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if v >= 1 {
			text = thousands(int(math.Round(v)))
		}
		list = append(list, notch{s.at(v), text})
	}
	return list
}

// thousands writes 50000 as 50,000.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
