package notation

import (
	"encoding/hex"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// Base is where the numbers of a direction begin.
type Base struct {
	Seq, Ack     uint32 // initial sequence numbers of the segment's sender and of its receiver
	TSVal, TSEcr uint32 // timestamp clocks of the two when it all began
}

// Describe puts a header into relative notation. n is the length of the text, gso that of the segments in it if it is a
// super-segment.
func Describe(h *wire.TCP, n, gso int, base Base) Segment {
	o := &h.Options
	x := Segment{
		Seq: relative(h.Seq, base.Seq), Ack: relative(h.Ack, base.Ack),
		Wnd: int(h.Window), Data: n, GSO: gso, Urg: int(h.Urgent), Ctl: h.Flags, MSS: int(o.MSS), WS: int(o.WScale),
		Named: map[string]bool{
			"DATA": n > 0, "GSO": gso > 0, "URG": h.Flags.Has(wire.URG), "MSS": o.HasMSS, "WS": o.HasWScale,
			"SACKOK": o.SACKPermitted, "TS": o.HasTimestamps, "FO": o.HasFastOpen,
		},
		FO: hex.EncodeToString(o.Cookie()),
	}
	if o.HasTimestamps {
		x.TSVal, x.TSEcr = relative(o.TSVal, base.TSVal), relative(o.TSEcr, base.TSEcr)
		if o.TSEcr == 0 {
			x.TSEcr = 0
		}
	}
	for _, b := range o.SACK[:o.NSACK] {
		x.SACK = append(x.SACK, [2]int{relative(b.Left, base.Ack), relative(b.Right, base.Ack)})
	}
	return x
}

func relative(n, base uint32) int { return seq.Number(n).Sub(seq.Number(base)) }

// TextAt returns the relative number of the first byte of text of s.
func (s *Segment) TextAt() int {
	if s.Ctl.Has(wire.SYN) {
		return s.Seq + 1
	}
	return s.Seq
}

// Fill writes the pattern that begins at relative number n.
func Fill(b []byte, n int) {
	for i := range b {
		b[i] = patternAt(n + i)
	}
}

// Mismatch returns the index of the first byte of b that is not the pattern's, which begins at relative number n; -1 if
// there is none.
func Mismatch(b []byte, n int) int {
	for i := range b {
		if b[i] != patternAt(n+i) {
			return i
		}
	}
	return -1
}

func patternAt(n int) byte { return byte(n ^ n>>8*7 ^ n>>16*31) }
