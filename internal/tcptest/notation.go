package tcptest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/antedon-net/antedon/wire"
)

// segment is a segment in notation: relative numbers, and which fields were named.
type segment struct {
	seq, ack, wnd, data, urg, mss, ws, gso int
	tsVal, tsEcr                           int
	sack                                   [][2]int
	ctl                                    wire.Flags
	named                                  map[string]bool
}

var flagOf = map[string]wire.Flags{
	"FIN": wire.FIN, "SYN": wire.SYN, "RST": wire.RST, "PSH": wire.PSH, "ACK": wire.ACK, "URG": wire.URG,
	"ECE": wire.ECE, "CWR": wire.CWR,
}

// parse reads the notation of a segment.
func parse(text string) (segment, error) {
	s := segment{named: map[string]bool{}}
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
		s.named[name] = true
	}
	return s, nil
}

func (s *segment) set(name, value string) (err error) {
	number := map[string]*int{
		"SEQ": &s.seq, "ACK": &s.ack, "WND": &s.wnd, "DATA": &s.data, "URG": &s.urg, "MSS": &s.mss, "WS": &s.ws, "GSO": &s.gso,
	}
	switch {
	case number[name] != nil:
		*number[name], err = strconv.Atoi(value)
	case name == "SACKOK", name == "NOTS":
	case name == "CTL":
		for _, f := range strings.Split(value, ",") {
			if flagOf[f] == 0 {
				return fmt.Errorf("unknown control bit %q", f)
			}
			s.ctl |= flagOf[f]
		}
	case name == "TS":
		_, err = fmt.Sscanf(value, "%d,%d", &s.tsVal, &s.tsEcr)
	case name == "SACK":
		for _, b := range strings.Split(value, ",") {
			var block [2]int
			if _, err = fmt.Sscanf(b, "%d:%d", &block[0], &block[1]); err != nil {
				break
			}
			s.sack = append(s.sack, block)
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
func (s segment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<SEQ=%d>", s.seq)
	if s.ctl.Has(wire.ACK) {
		fmt.Fprintf(&b, "<ACK=%d>", s.ack)
	}
	fmt.Fprintf(&b, "<WND=%d>", s.wnd)
	number := func(name string, v int) {
		if s.named[name] {
			fmt.Fprintf(&b, "<%s=%d>", name, v)
		}
	}
	number("DATA", s.data)
	number("GSO", s.gso)
	fmt.Fprintf(&b, "<CTL=%s>", controlBits(s.ctl))
	number("URG", s.urg)
	number("MSS", s.mss)
	number("WS", s.ws)
	if s.named["SACKOK"] {
		b.WriteString("<SACKOK>")
	}
	if s.named["TS"] {
		fmt.Fprintf(&b, "<TS=%d,%d>", s.tsVal, s.tsEcr)
	}
	if len(s.sack) > 0 {
		b.WriteString("<SACK=" + blocks(s.sack) + ">")
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

// controlBits lists the bits as the RFC's figures do: SYN,ACK.
func controlBits(f wire.Flags) string {
	var names []string
	for _, name := range []string{"SYN", "FIN", "RST", "URG", "ECE", "CWR", "ACK", "PSH"} {
		if f&flagOf[name] != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// differences says where got is not what want names.
func differences(got, want segment) []string {
	var d []string
	diff := func(name string, g, w any) {
		if g != w {
			d = append(d, fmt.Sprintf("%s: got %v, want %v", name, g, w))
		}
	}
	for name, v := range map[string][2]int{
		"SEQ": {got.seq, want.seq}, "ACK": {got.ack, want.ack}, "WND": {got.wnd, want.wnd}, "URG": {got.urg, want.urg},
		"MSS": {got.mss, want.mss}, "WS": {got.ws, want.ws}, "GSO": {got.gso, want.gso},
	} {
		if want.named[name] {
			diff(name, v[0], v[1])
		}
	}
	diff("CTL", controlBits(got.ctl), controlBits(want.ctl))
	diff("DATA", got.data, want.data)
	diff("SACK", blocks(got.sack), blocks(want.sack))
	if want.named["SACKOK"] {
		diff("SACKOK", got.named["SACKOK"], true)
	}
	if want.named["TS"] {
		diff("TS", [2]int{got.tsVal, got.tsEcr}, [2]int{want.tsVal, want.tsEcr})
	}
	if want.named["NOTS"] {
		diff("TS", got.named["TS"], false)
	}
	return d
}
