package drill

import (
	"fmt"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/wire"
)

// A Line is one of a conversation, as a figure of RFC 9293 has it. TCP A is the program, TCP B the drill.
type Line struct {
	At          float64 `json:"at"` // seconds since the script began
	Connection  int     `json:"connection"`
	FromProgram bool    `json:"from_program"`
	Text        string  `json:"text"` // a segment with relative numbers, or a call: (app_connect)
	A           string  `json:"a"`    // the states afterwards, as RFC 9293 has them
	B           string  `json:"b"`
	Note        string  `json:"note,omitempty"`
	segment     bool
	raw         []byte
}

// relative writes a number as ISS+1. What is far off is written as it is.
func relative(n, start uint32, name string) string {
	const near = 1 << 24
	switch d := int32(n - start); {
	case d == 0:
		return name
	case d > -near && d < near:
		return fmt.Sprintf("%s%+d", name, d)
	}
	return fmt.Sprint(n)
}

// describe writes a segment. seqStart and ackStart are the initial numbers of its sender and of the other end, own and other
// their names.
func describe(h *wire.TCP, text []byte, seqStart, ackStart uint32, own, other string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<SEQ=%s>", relative(h.Seq, seqStart, own))
	if h.Flags.Has(wire.ACK) {
		fmt.Fprintf(&b, "<ACK=%s>", relative(h.Ack, ackStart, other))
	}
	const short = 12
	switch {
	case len(text) > short:
		fmt.Fprintf(&b, "<DATA=%d>", len(text))
	case len(text) > 0:
		fmt.Fprintf(&b, "<DATA=%q>", text)
	}
	fmt.Fprintf(&b, "<CTL=%s>", notation.ControlBits(h.Flags))
	if h.Window != fullWindow {
		fmt.Fprintf(&b, "<WND=%d>", h.Window)
	}
	if h.Flags.Has(wire.URG) {
		fmt.Fprintf(&b, "<URG=%d>", h.Urgent)
	}
	if o := h.Options; o.HasMSS {
		fmt.Fprintf(&b, "<MSS=%d>", o.MSS)
	}
	return b.String()
}

// callText writes a call as figures do.
func callText(name string, b []byte) string {
	if len(b) == 0 {
		return "(" + name + ")"
	}
	return "(" + name + " " + quoted(b) + ")"
}

// note adds a line that says what is so now. The mutex is held.
func (c *conversation) note(text string, fromProgram bool) *Line {
	c.log = append(c.log, Line{
		At: time.Since(c.begun).Round(time.Millisecond).Seconds(), Connection: c.id, FromProgram: fromProgram, Text: text,
		A: c.a.state(), B: c.b.state(),
	})
	return &c.log[len(c.log)-1]
}

func (c *conversation) noteSegment(h *wire.TCP, text []byte, raw []byte) {
	l := c.note(describe(h, text, c.iss, c.irs, "ISS", "IRS"), true)
	l.segment, l.raw = true, raw
}

func (c *conversation) noteRaw(raw []byte) {
	l := c.note(fmt.Sprintf("%d bytes that are no segment", len(raw)), true)
	l.segment, l.raw = true, raw
}

// Widths of a figure.
const (
	stateWidth = len("SYN-RECEIVED")
	textWidth  = 48
)

// drawnLines is how many lines of a conversation are drawn.
const drawnLines = 40

// drawFigure draws a conversation.
func drawFigure(b *strings.Builder, lines []Line, indent string) {
	fmt.Fprintf(b, "%s%9s %-*s     %-*s     %s\n", indent, "", stateWidth, "TCP A", textWidth, "(your program)", "TCP B (the drill)")
	if len(lines) > drawnLines {
		fmt.Fprintf(b, "%s%9s … %d lines before\n", indent, "", len(lines)-drawnLines)
		lines = lines[len(lines)-drawnLines:]
	}
	several := false
	for _, l := range lines {
		several = several || l.Connection != 1
	}
	for _, l := range lines {
		arrow := "   "
		switch {
		case l.segment && l.FromProgram:
			arrow = "-->"
		case l.segment:
			arrow = "<--"
		}
		line := fmt.Sprintf("%s%8.3fs %-*s %s %-*s %s %s", indent, l.At, stateWidth, l.A, arrow, textWidth, l.Text, arrow, l.B)
		if several {
			line += fmt.Sprintf("  [connection %d]", l.Connection)
		}
		if l.Note != "" {
			line += "  (" + l.Note + ")"
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
