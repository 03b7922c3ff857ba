package drill

import (
	"fmt"
	"strconv"
	"strings"
)

// A number is a sequence number or a field of a header: a name of RFC 9293 or none, and what is added to it.
type number struct {
	name string // "" or one of names
	add  int64
}

// names are what numbers may be relative to. They are those of the program: of TCP A.
var names = map[string]func(c *conversation) uint32{
	"ISS":     func(c *conversation) uint32 { return c.iss },
	"IRS":     func(c *conversation) uint32 { return c.irs },
	"SND.UNA": func(c *conversation) uint32 { return c.snd.una },
	"SND.NXT": func(c *conversation) uint32 { return c.snd.nxt },
	"RCV.NXT": func(c *conversation) uint32 { return c.rcv.nxt },
}

// at returns the number's value in a conversation, modulo 2^32.
func (n number) at(c *conversation) uint32 {
	v := uint32(n.add)
	if n.name != "" {
		v += names[n.name](c)
	}
	return v
}

func (n number) String() string {
	switch {
	case n.name == "":
		return strconv.FormatInt(n.add, 10)
	case n.add == 0:
		return n.name
	}
	return fmt.Sprintf("%s%+d", n.name, n.add)
}

// parseNumber reads ISS, ISS+1, 4294967295, 10-3.
func parseNumber(text string) (number, error) {
	var n number
	sign := int64(1)
	for rest, first := text, true; ; first = false {
		term := rest
		i := strings.IndexAny(rest, "+-")
		if i >= 0 {
			term = rest[:i]
		}
		switch v, err := strconv.ParseUint(term, 10, 32); {
		case err == nil:
			n.add += sign * int64(v)
		case first && names[term] != nil:
			n.name = term
		case term == "":
			return n, fmt.Errorf("a number is missing in %q", text)
		default:
			return n, fmt.Errorf("%q is neither a number nor one of ISS, IRS, SND.UNA, SND.NXT, RCV.NXT", term)
		}
		if i < 0 {
			return n, nil
		}
		if sign = 1; rest[i] == '-' {
			sign = -1
		}
		rest = rest[i+1:]
	}
}

// A span is the values that a field may have.
type span struct {
	any       bool
	low, high number
	endless   bool // there is no high
}

func (s span) String() string {
	switch {
	case s.any:
		return "any"
	case s.endless:
		return s.low.String() + ".."
	case s.low == s.high:
		return s.low.String()
	}
	return s.low.String() + ".." + s.high.String()
}

// isOne reports whether there is a single value.
func (s span) isOne() bool { return !s.any && !s.endless && s.low == s.high }

// has reports whether v is one of the values. As sequence numbers do, a span may go past 2^32.
func (s span) has(c *conversation, v uint32) bool {
	switch low := s.low.at(c); {
	case s.any:
		return true
	case s.endless:
		return v >= low
	default:
		return v-low <= s.high.at(c)-low
	}
}

// parseSpan reads any, N, N..M and N.. .
func parseSpan(text string) (span, error) {
	if text == "any" {
		return span{any: true}, nil
	}
	low, high, isRange := strings.Cut(text, "..")
	var s span
	var err error
	if s.low, err = parseNumber(low); err != nil {
		return s, err
	}
	switch {
	case !isRange:
		s.high = s.low
	case high == "" && s.low.name != "":
		return s, fmt.Errorf("%q has no end, and sequence numbers go round", text)
	case high == "":
		s.endless = true
	default:
		s.high, err = parseNumber(high)
	}
	return s, err
}
