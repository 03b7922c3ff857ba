package wire

import (
	"fmt"
	"strconv"
)

// icmpKey is type and code; anyCode stands for the codes that have no name of their own.
type icmpKey struct {
	typ  uint8
	code int
}

const anyCode = -1

var icmpv4Names = map[icmpKey]string{
	{ICMPv4EchoReply, anyCode}:                     "echo reply",
	{ICMPv4Unreachable, anyCode}:                   "unreachable",
	{ICMPv4Unreachable, ICMPv4NetUnreachable}:      "net unreachable",
	{ICMPv4Unreachable, ICMPv4HostUnreachable}:     "host unreachable",
	{ICMPv4Unreachable, ICMPv4ProtoUnreachable}:    "protocol unreachable",
	{ICMPv4Unreachable, ICMPv4PortUnreachable}:     "port unreachable",
	{ICMPv4Unreachable, ICMPv4FragNeeded}:          "need to frag",
	{ICMPv4Unreachable, ICMPv4SourceRouteFailed}:   "source route failed",
	{ICMPv4Unreachable, ICMPv4NetUnknown}:          "net unknown",
	{ICMPv4Unreachable, ICMPv4HostUnknown}:         "host unknown",
	{ICMPv4Unreachable, ICMPv4HostIsolated}:        "host isolated",
	{ICMPv4Unreachable, ICMPv4NetProhibited}:       "net prohibited",
	{ICMPv4Unreachable, ICMPv4HostProhibited}:      "host prohibited",
	{ICMPv4Unreachable, ICMPv4NetTOS}:              "net unreachable for this TOS",
	{ICMPv4Unreachable, ICMPv4HostTOS}:             "host unreachable for this TOS",
	{ICMPv4Unreachable, ICMPv4AdminProhibited}:     "admin prohibited",
	{ICMPv4Unreachable, ICMPv4PrecedenceViolation}: "precedence violation",
	{ICMPv4Unreachable, ICMPv4PrecedenceCutoff}:    "precedence cutoff",
	{ICMPv4SourceQuench, anyCode}:                  "source quench",
	{ICMPv4Redirect, anyCode}:                      "redirect",
	{ICMPv4Echo, anyCode}:                          "echo request",
	{ICMPv4TimeExceeded, anyCode}:                  "time exceeded",
	{ICMPv4TimeExceeded, ICMPv4TTLExceeded}:        "time exceeded in-transit",
	{ICMPv4TimeExceeded, ICMPv4ReassemblyExceeded}: "reassembly time exceeded",
	{ICMPv4ParameterProblem, anyCode}:              "parameter problem",
	{ICMPv4Timestamp, anyCode}:                     "timestamp request",
	{ICMPv4TimestampReply, anyCode}:                "timestamp reply",
}

var icmpv6Names = map[icmpKey]string{
	{ICMPv6Unreachable, anyCode}:                    "unreachable",
	{ICMPv6Unreachable, ICMPv6NoRoute}:              "no route",
	{ICMPv6Unreachable, ICMPv6AdminProhibited}:      "admin prohibited",
	{ICMPv6Unreachable, ICMPv6BeyondScope}:          "beyond scope of source",
	{ICMPv6Unreachable, ICMPv6AddressUnreachable}:   "address unreachable",
	{ICMPv6Unreachable, ICMPv6PortUnreachable}:      "port unreachable",
	{ICMPv6Unreachable, ICMPv6SourcePolicy}:         "source refused by policy",
	{ICMPv6Unreachable, ICMPv6RejectRoute}:          "reject route",
	{ICMPv6PacketTooBig, anyCode}:                   "packet too big",
	{ICMPv6TimeExceeded, anyCode}:                   "time exceeded",
	{ICMPv6TimeExceeded, ICMPv6HopLimitExceeded}:    "time exceeded in-transit",
	{ICMPv6TimeExceeded, ICMPv6ReassemblyExceeded}:  "reassembly time exceeded",
	{ICMPv6ParameterProblem, anyCode}:               "parameter problem",
	{ICMPv6ParameterProblem, ICMPv6BadField}:        "erroneous header field",
	{ICMPv6ParameterProblem, ICMPv6UnknownHeader}:   "unknown next header",
	{ICMPv6ParameterProblem, ICMPv6UnknownOption}:   "unknown option",
	{ICMPv6ParameterProblem, ICMPv6IncompleteChain}: "incomplete header chain",
	{ICMPv6Echo, anyCode}:                           "echo request",
	{ICMPv6EchoReply, anyCode}:                      "echo reply",
	{ICMPv6MLDQuery, anyCode}:                       "multicast listener query",
	{ICMPv6MLDReport, anyCode}:                      "multicast listener report",
	{ICMPv6MLDDone, anyCode}:                        "multicast listener done",
	{ICMPv6MLDv2Report, anyCode}:                    "multicast listener report v2",
	{ICMPv6RouterSolicitation, anyCode}:             "router solicitation",
	{ICMPv6RouterAdvertisement, anyCode}:            "router advertisement",
	{ICMPv6NeighborSolicitation, anyCode}:           "neighbor solicitation",
	{ICMPv6NeighborAdvertisement, anyCode}:          "neighbor advertisement",
	{ICMPv6Redirect, anyCode}:                       "redirect",
}

func icmpName(names map[icmpKey]string, typ, code uint8) string {
	if s, ok := names[icmpKey{typ, int(code)}]; ok {
		return s
	}
	if s, ok := names[icmpKey{typ, anyCode}]; ok {
		if code != 0 {
			s += " code " + strconv.Itoa(int(code))
		}
		return s
	}
	return "type " + strconv.Itoa(int(typ)) + " code " + strconv.Itoa(int(code))
}

// String returns the name of the message and what its second word holds.
func (h ICMPv4) String() string {
	s := "ICMP " + icmpName(icmpv4Names, h.Type, h.Code)
	switch h.Type {
	case ICMPv4Echo, ICMPv4EchoReply, ICMPv4Timestamp, ICMPv4TimestampReply:
		s += fmt.Sprintf(", id %d, seq %d", h.ID(), h.Seq())
	case ICMPv4Redirect:
		s += fmt.Sprintf(" to %v", h.Gateway())
	case ICMPv4ParameterProblem:
		s += fmt.Sprintf(" at %d", h.Pointer())
	case ICMPv4Unreachable:
		if h.Code == ICMPv4FragNeeded {
			s += fmt.Sprintf(" (mtu %d)", h.MTU())
		}
	}
	return s
}

// String returns the name of the message and what its second word holds.
func (h ICMPv6) String() string {
	s := "ICMP6, " + icmpName(icmpv6Names, h.Type, h.Code)
	switch h.Type {
	case ICMPv6Echo, ICMPv6EchoReply:
		s += fmt.Sprintf(", id %d, seq %d", h.ID(), h.Seq())
	case ICMPv6PacketTooBig:
		s += fmt.Sprintf(" (mtu %d)", h.MTU())
	case ICMPv6ParameterProblem:
		s += fmt.Sprintf(" at %d", h.Pointer())
	}
	return s
}

func appendICMPv4(b []byte, p packet) []byte {
	b = fmt.Appendf(b, "%v > %v: ", p.src, p.dst)
	h, _, err := ParseICMPv4(p.payload)
	if err == ErrTruncated {
		return fmt.Appendf(b, "ICMP [%v]", err)
	}
	b = append(b, h.String()...)
	if err != nil && p.whole {
		b = fmt.Appendf(b, " [%v]", err)
	}
	if h.IsError() {
		b = appendQuote(b, p.payload[ICMPHeaderLen:])
	}
	return fmt.Appendf(b, ", length %d", len(p.payload))
}

func appendICMPv6(b []byte, p packet) []byte {
	b = fmt.Appendf(b, "%v > %v: ", p.src, p.dst)
	h, _, err := ParseICMPv6(p.payload, p.src, p.dst)
	if err == ErrTruncated {
		return fmt.Appendf(b, "ICMP6 [%v]", err)
	}
	b = append(b, h.String()...)
	if err != nil && p.whole {
		b = fmt.Appendf(b, " [%v]", err)
	}
	if h.Type < 128 {
		b = appendQuote(b, p.payload[ICMPHeaderLen:])
	} else {
		b = appendND(b, &h, p.payload[ICMPHeaderLen:])
	}
	return fmt.Appendf(b, ", length %d", len(p.payload))
}

// appendQuote appends the packet an error is about.
func appendQuote(b, quoted []byte) []byte {
	q, _, err := ParseQuote(quoted)
	if err != nil {
		return fmt.Appendf(b, " [quoted %v]", err)
	}
	if q.Src.Port() == 0 && q.Dst.Port() == 0 {
		return fmt.Appendf(b, " (%v > %v: %v)", q.Src.Addr(), q.Dst.Addr(), q.Proto)
	}
	return fmt.Appendf(b, " (%v.%d > %v.%d: %v)", q.Src.Addr(), q.Src.Port(), q.Dst.Addr(), q.Dst.Port(), q.Proto)
}
