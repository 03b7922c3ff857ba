package drill

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/antedon-net/antedon/wire"
)

// A segment is one in a script: what is to be sent, or what is expected.
type segment struct {
	fields   map[string]field // SEQ, ACK, WND, URG, MSS, WS, OFFSET, CUT
	ctl, may wire.Flags       // bits that must be set, and such as may be
	data     text
	options  []byte // raw, behind the others
	sackOK   bool
	badSum   bool
	written  string // in the script
}

// A field is what is asked of one.
type field struct {
	span
	optional bool // it need not be there
}

// A text is what a segment carries, or what an application writes or reads.
type text struct {
	named     bool
	any       bool
	bytes     []byte // if not nil: exactly these
	low, high int    // else as many bytes of the pattern
	written   string // in the script
}

// end returns how many bytes there are at most.
func (t *text) end() int {
	if t.bytes != nil {
		return len(t.bytes)
	}
	return t.high
}

// maxText is how long a text in a script may be.
const maxText = 60_000

// numeric are the fields that are numbers. The bool says that nothing can be expected of them.
var numeric = map[string]bool{
	"SEQ": false, "ACK": false, "WND": false, "URG": false, "MSS": false, "WS": false, "OFFSET": true, "CUT": true,
}

var controlBits = map[string]wire.Flags{
	"FIN": wire.FIN, "SYN": wire.SYN, "RST": wire.RST, "PSH": wire.PSH, "ACK": wire.ACK, "URG": wire.URG,
}

// parseSegment reads <SEQ=ISS><CTL=SYN>. expected says that the program sends it.
func parseSegment(c *cursor, expected bool) (*segment, error) {
	s := &segment{fields: make(map[string]field)}
	c.skip()
	begin := c.i
	seen := make(map[string]bool)
	for c.isNext('<') {
		at := c.i + 1
		end := closing(c.text[at:])
		if end < 0 {
			return nil, c.errorAt(c.i, "this field does not end in >")
		}
		c.i = at + end + 1
		name, value, _ := strings.Cut(c.text[at:at+end], "=")
		name, optional := strings.CutSuffix(name, "?")
		if seen[name] {
			return nil, c.errorAt(at, "<%s> twice", name)
		}
		seen[name] = true
		if err := s.set(name, value, optional, expected); err != nil {
			return nil, c.errorAt(at, "%v", err)
		}
	}
	if len(seen) == 0 {
		return nil, c.errorAt(begin, "a segment is expected here, such as <SEQ=ISS><CTL=SYN>")
	}
	if err := s.check(expected, seen); err != nil {
		return nil, c.errorAt(begin, "%v", err)
	}
	s.written = normal(c.text[begin:c.i])
	return s, nil
}

// closing returns where a field ends: at the first > outside of quotes.
func closing(text string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '>' && !quoted:
			return i
		}
	}
	return -1
}

// set takes one field.
func (s *segment) set(name, value string, optional, expected bool) (err error) {
	if optional && (!expected || numeric[name] || name != "MSS" && name != "WS") {
		return fmt.Errorf("<%s?>: only <MSS?=…> and <WS?=…> that are expected may be missing", name)
	}
	onlySent, isNumeric := numeric[name]
	switch {
	case isNumeric && onlySent && expected:
		return fmt.Errorf("<%s> makes sense in segments to the program only", name)
	case isNumeric:
		f := field{optional: optional}
		if f.span, err = parseSpan(value); err == nil && !expected && !f.isOne() {
			err = fmt.Errorf("want one value")
		}
		s.fields[name] = f
	case name == "CTL":
		err = s.setControl(value, expected)
	case name == "DATA":
		s.data, err = parseText(value, expected)
	case name == "SACKOK" && value == "":
		s.sackOK = true
	case expected:
		return fmt.Errorf("<%s> is nothing to expect: want SEQ, ACK, CTL, WND, DATA, URG, MSS, WS or SACKOK", name)
	case name == "OPT":
		s.options, err = hex.DecodeString(strings.ReplaceAll(value, " ", ""))
	case name == "CHECKSUM" && value == "bad":
		s.badSum = true
	default:
		return fmt.Errorf("<%s> is no field: want SEQ, ACK, CTL, WND, DATA, URG, MSS, WS, SACKOK, OPT, OFFSET, CUT or CHECKSUM=bad", name)
	}
	if err != nil {
		return fmt.Errorf("<%s=%s>: %w", name, value, err)
	}
	return nil
}

// setControl reads SYN,ACK and, in what is expected, RST,ACK? .
func (s *segment) setControl(value string, expected bool) error {
	for _, name := range strings.Split(value, ",") {
		name, may := strings.CutSuffix(name, "?")
		bit := controlBits[name]
		switch {
		case bit == 0 && value != "":
			return fmt.Errorf("%q is no control bit", name)
		case may && !expected:
			return fmt.Errorf("%s? makes sense in what is expected only", name)
		case may:
			s.may |= bit
		default:
			s.ctl |= bit
		}
	}
	return nil
}

// check looks at what all fields together have to be.
func (s *segment) check(expected bool, seen map[string]bool) error {
	_, hasSeq := s.fields["SEQ"]
	_, hasAck := s.fields["ACK"]
	switch {
	case !seen["CTL"]:
		return fmt.Errorf("this segment has no <CTL=…>; <CTL=> means that no control bit is set")
	case expected:
		return nil
	case !hasSeq:
		return fmt.Errorf("this segment has no <SEQ=…>")
	case s.ctl.Has(wire.ACK) && !hasAck:
		return fmt.Errorf("this segment has the ACK bit, but no <ACK=…>")
	case s.headerLen() > wire.TCPHeaderLen+wire.MaxTCPOptionsLen:
		return fmt.Errorf("these options take more than %d bytes", wire.MaxTCPOptionsLen)
	}
	return nil
}

// parseText reads "text", 10, 1..10 and any.
func parseText(value string, expected bool) (text, error) {
	t := text{named: true, written: value}
	if strings.HasPrefix(value, `"`) {
		s, err := strconv.Unquote(value)
		if err != nil {
			return t, fmt.Errorf("this is no text in quotes")
		}
		t.bytes = []byte(s)
		return t, nil
	}
	if value == "any" && expected {
		t.any = true
		return t, nil
	}
	s, err := parseSpan(value)
	if err != nil || s.low.name != "" || s.high.name != "" {
		return t, fmt.Errorf(`want a number of bytes, or "text"`)
	}
	t.low, t.high = int(s.low.add), int(s.high.add)
	if s.endless {
		t.high = maxText
	}
	switch {
	case !expected && t.low != t.high:
		return t, fmt.Errorf("want one number")
	case t.low > t.high || t.low < 0 || t.high > maxText:
		return t, fmt.Errorf("want 0 to %d bytes", maxText)
	}
	return t, nil
}
