package drill

import (
	"bytes"
	"fmt"
	"maps"
	"strings"

	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/wire"
)

// tolerated are bits that the program may set unless a script names them: PSH says nothing that has to be followed, the
// others ask for ECN in a SYN.
const tolerated = wire.PSH | wire.ECE | wire.CWR | wire.AE

// differences says where a segment of the program is not what is expected.
func (s *segment) differences(c *conversation, a *arrival) []string {
	h := &a.h
	var d []string
	add := func(format string, args ...any) { d = append(d, fmt.Sprintf(format, args...)) }
	s.compareControl(h.Flags, add)
	number := func(name, base string, got, start uint32) {
		if f, ok := s.fields[name]; ok && !f.has(c, got) {
			add("%s is %s, want %v", name, relative(got, start, base), f.span)
		}
	}
	number("SEQ", "ISS", h.Seq, c.iss)
	if h.Flags.Has(wire.ACK) {
		number("ACK", "IRS", h.Ack, c.irs)
	}
	plain := func(name string, got uint32, has bool) {
		f, ok := s.fields[name]
		switch {
		case !ok || !has && f.optional:
		case !has:
			add("there is no %s, want %v", name, f.span)
		case !f.has(c, got):
			add("%s is %d, want %v", name, got, f.span)
		}
	}
	o := &h.Options
	plain("WND", uint32(h.Window), true)
	plain("URG", uint32(h.Urgent), h.Flags.Has(wire.URG))
	plain("MSS", uint32(o.MSS), o.HasMSS)
	plain("WS", uint32(o.WScale), o.HasWScale)
	if s.sackOK && !o.SACKPermitted {
		add("there is no SACKOK")
	}
	if text := s.data.difference(a.text); text != "" {
		add("%s", text)
	}
	return d
}

// compareControl compares control bits.
func (s *segment) compareControl(got wire.Flags, add func(string, ...any)) {
	ignored := tolerated&^s.ctl | s.may
	if (got^s.ctl)&^ignored != 0 {
		add("CTL is %s, want %s", controls(got), s.control())
	}
}

func controls(f wire.Flags) string {
	if f == 0 {
		return "nothing"
	}
	return notation.ControlBits(f)
}

// control writes the bits as the script does.
func (s *segment) control() string {
	text := controls(s.ctl)
	if s.may != 0 {
		text += "," + strings.ReplaceAll(notation.ControlBits(s.may), ",", "?,") + "?"
	}
	return text
}

// difference says how a text is not the expected one: of that many bytes, or these. What bytes a number of them has is
// checked in every segment.
func (t *text) difference(got []byte) string {
	switch {
	case t.any:
	case t.bytes != nil && !bytes.Equal(got, t.bytes):
		return fmt.Sprintf("the text is %s, want %s", quoted(got), quoted(t.bytes))
	case t.bytes == nil && (len(got) < t.low || len(got) > t.high):
		want := fmt.Sprint(t.low)
		if t.low != t.high {
			want += fmt.Sprintf(" to %d", t.high)
		}
		return fmt.Sprintf("there are %d bytes of text, want %s", len(got), want)
	}
	return ""
}

// quotedLen is how much of a text is shown.
const quotedLen = 20

// quoted shows a text.
func quoted(b []byte) string {
	if len(b) > quotedLen {
		return fmt.Sprintf("%q… (%d bytes)", b[:quotedLen], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// isBareACK reports whether a segment only acknowledges, and says nothing that was not so: such a one may come at any time.
func (a *arrival) isBareACK(c *conversation) bool {
	return a.h.Flags&(wire.SYN|wire.FIN|wire.RST|wire.ACK) == wire.ACK && len(a.text) == 0 && a.h.Seq-(c.snd.una-1) <= c.snd.nxt-(c.snd.una-1)
}

// A piecewise match of a segment whose text, and FIN, may come in several.
type piecewise struct {
	option
	next, end uint32
}

// newPiecewise begins.
func newPiecewise(c *conversation, o option) *piecewise {
	p := &piecewise{option: o, next: o.seg.fields["SEQ"].low.at(c)}
	p.end = p.next + uint32(length(o.seg.ctl, o.seg.data.end()))
	return p
}

// take takes a piece, or says why it is none. It is done when next is end.
func (p *piecewise) take(c *conversation, a *arrival) []string {
	s := *p.seg
	s.data = text{any: true}
	s.fields = maps.Clone(p.seg.fields)
	delete(s.fields, "SEQ")
	if p.seg.ctl.Has(wire.FIN) {
		s.ctl, s.may = s.ctl&^wire.FIN, s.may|wire.FIN
	}
	var d []string
	if p.next != a.h.Seq {
		d = append(d, fmt.Sprintf("SEQ is %s, want %s", relative(a.h.Seq, c.iss, "ISS"), relative(p.next, c.iss, "ISS")))
	}
	d = append(d, s.differences(c, a)...)
	n := length(a.h.Flags, len(a.text))
	end := p.next + uint32(n)
	switch {
	case p.most > 0 && len(a.text) > p.most:
		d = append(d, fmt.Sprintf("there are %d bytes of text, want at most %d", len(a.text), p.most))
	case n == 0:
		d = append(d, "there is no text")
	case int32(p.end-end) < 0 || a.h.Flags.Has(wire.FIN) && end != p.end:
		d = append(d, fmt.Sprintf("it ends at %s, want %s", relative(end, c.iss, "ISS"), relative(p.end, c.iss, "ISS")))
	}
	if len(d) == 0 {
		p.next = end
	}
	return d
}
