package tally

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"
)

//go:embed curve.svg
var curveText string

var curveTemplate = template.Must(template.New("curve").Parse(curveText))

// fewestPoints is how many numbers of streams make a curve. Else they have rows of the table.
const fewestPoints = 3

// inTable are the numbers of streams that have rows of the table, although there is a curve.
var inTable = []int{1, 16}

// curves are the numbers of streams that bulk was measured with, of each direction that has enough of them.
func (r *Tally) curves() map[string][]int {
	all := make(map[string][]int)
	for _, k := range r.keys {
		if k.Bench == "bulk" {
			all[k.Dir] = append(all[k.Dir], k.Streams)
		}
	}
	for dir, streams := range all {
		if slices.Sort(streams); len(streams) < fewestPoints {
			delete(all, dir)
		}
	}
	return all
}

// inCurve reports whether k is told of by a curve only.
func (r *Tally) inCurve(k key) bool {
	return k.Bench == "bulk" && !slices.Contains(inTable, k.Streams) && r.curves()[k.Dir] != nil
}

// directions are those of bulk, in order.
var directions = []struct{ dir, name string }{{"send", "send"}, {"recv", "receive"}}

// curveFigures are what curves show.
var curveFigures = []struct {
	name, unit string
	of         func(*line) float64
}{
	{"Speed", "Gbit/s", func(l *line) float64 { return l.Gbps }},
	{"A byte beside it, 99 %", "ms", func(l *line) float64 { return l.EchoP99 / 1000 }},
	{"CPU", "s per GB", func(l *line) float64 { return l.CPU }},
}

// curveRows returns the table of curves, its head first; nil if there is none.
func (r *Tally) curveRows() [][]string {
	head := []string{"", "streams"}
	for _, f := range curveFigures {
		for _, c := range columns {
			head = append(head, c.name+", "+f.unit)
		}
	}
	rows := [][]string{append(head, "Antedon ÷ kernel", "gVisor ÷ kernel")}
	for _, d := range directions {
		for _, n := range r.curves()[d.dir] {
			lines := r.lines[key{Bench: "bulk", Dir: d.dir, Streams: n}]
			row := []string{d.name, fmt.Sprint(n)}
			for _, f := range curveFigures {
				for _, c := range columns {
					row = append(row, valueOf(lines[c.stack], f.of))
				}
			}
			for _, c := range columns {
				if c.stack == "kernel" {
					continue
				}
				ratio := none
				if l := lines[c.stack]; l != nil {
					ratio = fmt.Sprintf("x%.2f", l.Ratio)
				}
				row = append(row, ratio)
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 1 {
		return nil
	}
	return rows
}

func valueOf(l *line, of func(*line) float64) string {
	if l == nil {
		return none
	}
	return digits(of(l))
}

// Measures of the picture of curves, in pixels.
const (
	panelWidth, panelHeight = 330, 130
	panelLeft, panelTop     = 56, 78
	panelGapX, panelGapY    = 54, 48
)

type curveChart struct {
	Width, Height int
	Panels        []panel
}

// panel is one figure in one direction against the number of streams. Both axes are logarithmic.
type panel struct {
	Title                    string
	Left, Right, Top, Bottom int
	X, Y                     []mark
	Lines                    []polyline
}

type mark struct {
	At   int
	Text string
}

type polyline struct {
	Class, Points string
	Dots          [][2]int
}

// CurveSVG returns a picture of speed, delay and CPU time against the number of streams.
func (r *Tally) CurveSVG() (string, error) {
	curves := r.curves()
	if len(curves) == 0 {
		return "", errors.New("there is no curve to draw: bulk was measured with too few numbers of streams")
	}
	var c curveChart
	for _, d := range directions {
		streams := curves[d.dir]
		if streams == nil {
			continue
		}
		left := panelLeft + c.Width
		for i, f := range curveFigures {
			top := panelTop + i*(panelHeight+panelGapY)
			p := panel{
				Title: fmt.Sprintf("%s, %s: %s", f.name, d.name, f.unit),
				Left:  left, Right: left + panelWidth, Top: top, Bottom: top + panelHeight,
			}
			r.plot(&p, d.dir, streams, f.of)
			c.Panels = append(c.Panels, p)
			c.Height = p.Bottom + 36
		}
		c.Width += panelWidth + panelGapX
	}
	c.Width += panelLeft - panelGapX + 16
	var b strings.Builder
	err := curveTemplate.Execute(&b, c)
	return b.String(), err
}

// plot draws a figure of all stacks, and the axes.
func (r *Tally) plot(p *panel, dir string, streams []int, of func(*line) float64) {
	at := func(n int, stack string) float64 {
		if l := r.lines[key{Bench: "bulk", Dir: dir, Streams: n}][stack]; l != nil {
			return of(l)
		}
		return 0
	}
	least, most := math.Inf(1), 0.0
	for _, n := range streams {
		for _, c := range columns {
			if v := at(n, c.stack); v > 0 {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	if most == 0 {
		return
	}
	low, high := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most)+1e-9)
	last := math.Log10(float64(streams[len(streams)-1]))
	first := math.Log10(float64(streams[0]))
	x := func(n int) int {
		return p.Left + int(math.Round((math.Log10(float64(n))-first)/(last-first)*float64(p.Right-p.Left)))
	}
	y := func(v float64) int {
		return p.Bottom - int(math.Round((math.Log10(v)-low)/(high-low)*float64(p.Bottom-p.Top)))
	}
	for e := low; e <= high; e++ {
		p.Y = append(p.Y, mark{y(math.Pow(10, e)), fmt.Sprintf("%g", math.Pow(10, e))})
	}
	for _, n := range streams {
		p.X = append(p.X, mark{x(n), fmt.Sprint(n)})
	}
	for _, c := range columns {
		l := polyline{Class: c.stack}
		for _, n := range streams {
			if v := at(n, c.stack); v > 0 {
				l.Dots = append(l.Dots, [2]int{x(n), y(v)})
				l.Points += fmt.Sprintf("%d,%d ", x(n), y(v))
			}
		}
		if l.Points = strings.TrimSpace(l.Points); l.Points != "" {
			p.Lines = append(p.Lines, l)
		}
	}
}
