package notation

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/antedon-net/antedon/wire"
)

// Segment is a segment in notation: relative numbers, and which fields were named.
type Segment struct {
	Seq, Ack, Wnd, Data, Urg, MSS, WS, GSO int
	TSVal, TSEcr                           int
	ECN                                    wire.ECN
	FO                                     string // the cookie, in hexadecimal
	Open                                   bool   // WND was written as "open": anything but 0
	SACK                                   [][2]int
	Ctl                                    wire.Flags
	Named                                  map[string]bool
}

var flagOf = map[string]wire.Flags{
	"FIN": wire.FIN, "SYN": wire.SYN, "RST": wire.RST, "PSH": wire.PSH, "ACK": wire.ACK, "URG": wire.URG,
	"ECE": wire.ECE, "CWR": wire.CWR, "AE": wire.AE,
}

var ecnOf = map[string]wire.ECN{"ECT0": wire.ECT0, "ECT1": wire.ECT1, "CE": wire.CE}

// Parse reads the notation of a segment.
func Parse(text string) (Segment, error) {
	s := Segment{Named: map[string]bool{}}
	for _, field := range strings.Split(strings.TrimSpace(text), "<") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		body, ok := strings.CutSuffix(field, ">")
		if !ok {
			return s, fmt.Errorf("field %q does not end in >", field)
		}
		name, value, _ := strings.Cut(body, "=")
		if err := s.set(name, value); err != nil {
			return s, err
		}
		s.Named[name] = true
	}
	return s, nil
}

func (s *Segment) set(name, value string) (err error) {
	number := map[string]*int{
		"SEQ": &s.Seq, "ACK": &s.Ack, "WND": &s.Wnd, "DATA": &s.Data, "URG": &s.Urg, "MSS": &s.MSS, "WS": &s.WS, "GSO": &s.GSO,
	}
	switch {
	case name == "WND" && value == "open":
		s.Open = true
	case number[name] != nil:
		*number[name], err = strconv.Atoi(value)
	case name == "SACKOK", name == "NOTS":
	case name == "FO":
		s.FO = value
	case ecnOf[name] != 0:
		s.ECN = ecnOf[name]
	case name == "CTL":
		for _, f := range strings.Split(value, ",") {
			if flagOf[f] == 0 {
				return fmt.Errorf("unknown control bit %q", f)
			}
			s.Ctl |= flagOf[f]
		}
	case name == "TS":
		_, err = fmt.Sscanf(value, "%d,%d", &s.TSVal, &s.TSEcr)
	case name == "SACK":
		for _, b := range strings.Split(value, ",") {
			var block [2]int
			if _, err = fmt.Sscanf(b, "%d:%d", &block[0], &block[1]); err != nil {
				break
			}
			s.SACK = append(s.SACK, block)
		}
	default:
		err = fmt.Errorf("unknown field %q", name)
	}
	if err != nil {
		return fmt.Errorf("<%s=%s>: %w", name, value, err)
	}
	return nil
}

// String writes the segment in notation, with all it has.
func (s Segment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<SEQ=%d>", s.Seq)
	if s.Ctl.Has(wire.ACK) {
		fmt.Fprintf(&b, "<ACK=%d>", s.Ack)
	}
	fmt.Fprintf(&b, "<WND=%d>", s.Wnd)
	number := func(name string, v int) {
		if s.Named[name] {
			fmt.Fprintf(&b, "<%s=%d>", name, v)
		}
	}
	number("DATA", s.Data)
	number("GSO", s.GSO)
	fmt.Fprintf(&b, "<CTL=%s>", ControlBits(s.Ctl))
	for name, v := range ecnOf {
		if v == s.ECN {
			b.WriteString("<" + name + ">")
		}
	}
	number("URG", s.Urg)
	number("MSS", s.MSS)
	number("WS", s.WS)
	if s.Named["SACKOK"] {
		b.WriteString("<SACKOK>")
	}
	if s.Named["FO"] && s.FO == "" {
		b.WriteString("<FO>")
	} else if s.Named["FO"] {
		b.WriteString("<FO=" + s.FO + ">")
	}
	if s.Named["TS"] {
		fmt.Fprintf(&b, "<TS=%d,%d>", s.TSVal, s.TSEcr)
	}
	if len(s.SACK) > 0 {
		b.WriteString("<SACK=" + blocks(s.SACK) + ">")
	}
	return b.String()
}

func blocks(sack [][2]int) string {
	text := make([]string, len(sack))
	for i, k := range sack {
		text[i] = fmt.Sprintf("%d:%d", k[0], k[1])
	}
	return strings.Join(text, ",")
}

// ControlBits lists the bits as the RFC's figures do: SYN,ACK.
func ControlBits(f wire.Flags) string {
	var names []string
	for _, name := range []string{"SYN", "FIN", "RST", "URG", "AE", "ECE", "CWR", "ACK", "PSH"} {
		if f&flagOf[name] != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Differences says where got is not what want names. Control bits, text and SACK blocks that want does not name have to be
// none.
func Differences(got, want Segment) []string {
	var d []string
	diff := func(name string, g, w any) {
		if g != w {
			d = append(d, fmt.Sprintf("%s: got %v, want %v", name, g, w))
		}
	}
	for name, v := range map[string][2]int{
		"SEQ": {got.Seq, want.Seq}, "ACK": {got.Ack, want.Ack}, "WND": {got.Wnd, want.Wnd}, "URG": {got.Urg, want.Urg},
		"MSS": {got.MSS, want.MSS}, "WS": {got.WS, want.WS}, "GSO": {got.GSO, want.GSO},
	} {
		if want.Named[name] && !(name == "WND" && want.Open) {
			diff(name, v[0], v[1])
		}
	}
	if want.Open {
		diff("WND is open", got.Wnd > 0, true)
	}
	diff("CTL", ControlBits(got.Ctl), ControlBits(want.Ctl))
	diff("DATA", got.Data, want.Data)
	diff("ECN", got.ECN, want.ECN)
	diff("FO", got.FO, want.FO)
	diff("the Fast Open option", got.Named["FO"], want.Named["FO"])
	diff("SACK", blocks(got.SACK), blocks(want.SACK))
	if want.Named["SACKOK"] {
		diff("SACKOK", got.Named["SACKOK"], true)
	}
	if want.Named["TS"] {
		diff("TS", [2]int{got.TSVal, got.TSEcr}, [2]int{want.TSVal, want.TSEcr})
	}
	if want.Named["NOTS"] {
		diff("TS", got.Named["TS"], false)
	}
	return d
}
