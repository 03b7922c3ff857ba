package grade

import (
	"fmt"
	"io"
	"strings"
)

// Colours of a terminal.
const (
	green = "\x1b[32m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

// WriteText writes the report for people; with colours only on a terminal.
func (r *Report) WriteText(w io.Writer, colours bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", r.Name, strings.Join(r.Program, " "))
	for i := range r.Marks {
		r.Marks[i].writeText(&b, colours)
	}
	fmt.Fprintf(&b, "\n%d of %d\n", r.Score, r.Max)
	if len(r.Findings) > 0 {
		b.WriteString("\nBeyond what the course asks for:\n")
	}
	for i := range r.Findings {
		r.Findings[i].writeText(&b, colours)
	}
	fmt.Fprintf(&b, "\nSeed %d, %.1f s.\n", r.Seed, r.Seconds)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeText writes a mark in one line, and explains what is missing.
func (m *Mark) writeText(b *strings.Builder, colours bool) {
	points := "no "
	switch {
	case m.Max > 0:
		points = fmt.Sprintf("%2d/%d", m.Points, m.Max)
	case m.OK:
		points = "yes"
	}
	colour, end := "", ""
	if colours {
		end = plain
		if colour = green; !m.OK {
			colour = red
		}
	}
	fmt.Fprintf(b, "%s%6s%s  %s\n", colour, points, end, m.Title)
	if m.Note != "" {
		fmt.Fprintf(b, "        %s\n", m.Note)
	}
	for _, c := range m.Checks {
		if !c.OK && m.Max > 0 {
			fmt.Fprintf(b, "        %s: -%d\n          expected: %s\n          seen:     %s\n", c.Name, c.Max, c.Expected, c.Seen)
		} else if m.Max == 0 {
			fmt.Fprintf(b, "        %s: %s\n", c.Name, c.Seen)
		}
	}
	if !m.OK && m.Max > 0 {
		m.explain(b)
	}
}

// explained is how many packets the text shows; the others are in the HTML report and the capture.
const explained = 12

// explain shows the last packets of a mark that was not made, and what driver and program said.
func (m *Mark) explain(b *strings.Builder) {
	lines := m.Packets
	if len(lines) > explained {
		lines = lines[len(lines)-explained:]
		b.WriteString("        the last packets:\n")
	}
	for _, l := range lines {
		arrow := "<--"
		if l.FromSDK {
			arrow = "-->"
		}
		fmt.Fprintf(b, "        %8.3f  :%d %s %s %s\n", l.At, l.Port, arrow, l.Text, l.Fate)
	}
	quote(b, "driver", m.Driver)
	quote(b, "program", m.Output)
}

// quoted is how many lines are shown of what somebody said.
const quoted = 8

func quote(b *strings.Builder, who, text string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, l := range lines[max(0, len(lines)-quoted):] {
		if l != "" {
			fmt.Fprintf(b, "        %s: %s\n", who, printable(l))
		}
	}
}

// printable keeps what a stranger's program prints from commanding the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
