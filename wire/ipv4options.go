package wire

// Types of IPv4 options (RFC 791, Section 3.1). The high bit says that the option is copied into every fragment.
const (
	IPv4OptEnd         = 0
	IPv4OptNOP         = 1
	IPv4OptRecordRoute = 7
	IPv4OptTimestamp   = 68
	IPv4OptSecurity    = 130
	IPv4OptLSRR        = 131 // loose source route
	IPv4OptStreamID    = 136
	IPv4OptSSRR        = 137 // strict source route
	IPv4OptRouterAlert = 148 // RFC 2113

	ipv4OptCopied = 0x80
)

// IPv4Option is one option of an IPv4 header. End and NOP are a single byte; the others are
//
//	+--------+--------+---------
//	|  type  | length |  data...
//	+--------+--------+---------
type IPv4Option struct {
	Type uint8
	Data []byte // without type and length; aliases the header
}

// Copied reports whether a packet's fragments all carry the option.
func (o IPv4Option) Copied() bool { return o.Type&ipv4OptCopied != 0 }

// NextIPv4Option returns the first option in b, NOPs skipped, and what follows it. At the end of the list ok is false;
// err is ErrBadOption if that end was forced by an option whose length cannot be.
//
//	for opt, rest, ok, err := NextIPv4Option(h.Options); ok; opt, rest, ok, err = NextIPv4Option(rest) {
//
// req: RFC791 3.2-6
func NextIPv4Option(b []byte) (opt IPv4Option, rest []byte, ok bool, err error) {
	for len(b) > 0 && b[0] == IPv4OptNOP {
		b = b[1:]
	}
	if len(b) == 0 || b[0] == IPv4OptEnd {
		return IPv4Option{}, nil, false, nil
	}
	if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
		return IPv4Option{}, b, false, ErrBadOption
	}
	n := b[1]
	return IPv4Option{b[0], b[2:n:n]}, b[n:], true, nil
}

// HasSourceRoute reports whether the sender chose the packet's path, which hosts had better refuse.
func (h *IPv4) HasSourceRoute() bool {
	for opt, rest, ok, _ := NextIPv4Option(h.Options); ok; opt, rest, ok, _ = NextIPv4Option(rest) {
		if opt.Type == IPv4OptLSRR || opt.Type == IPv4OptSSRR {
			return true
		}
	}
	return false
}

// checkOptions checks the form of the options and, if it is wrong, sets h.Problem to point at the option
// (RFC 1122, Section 3.2.2.5). Options of unknown type are fine (RFC 1122, Section 3.2.1.8).
//
// req: RFC1122 3.2.1.8-3, 3.2.1.8-4, 3.2.2-8
func (h *IPv4) checkOptions() error {
	b := h.Options
	for {
		_, rest, ok, err := NextIPv4Option(b)
		if err != nil {
			if h.FragOffset == 0 { // none for a non-initial fragment (RFC 1122, Section 3.2.2)
				h.Problem = Problem{Report: ReportUnicast, Pointer: IPv4HeaderLen + len(h.Options) - len(rest)}
			}
			return err
		}
		if !ok {
			return nil
		}
		b = rest
	}
}
