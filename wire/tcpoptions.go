package wire

import (
	"encoding/binary"
	"time"
)

// Kinds of TCP options (RFC 9293, Section 3.1, and the RFCs named).
const (
	TCPOptEnd           = 0
	TCPOptNOP           = 1
	TCPOptMSS           = 2
	TCPOptWindowScale   = 3  // RFC 7323
	TCPOptSACKPermitted = 4  // RFC 2018
	TCPOptSACK          = 5  // RFC 2018
	TCPOptTimestamps    = 8  // RFC 7323
	TCPOptUserTimeout   = 28 // RFC 5482
	TCPOptFastOpen      = 34 // RFC 7413
)

// Limits of the options.
const (
	MaxTCPOptionsLen  = MaxTCPHeaderLen - TCPHeaderLen
	MaxSACKBlocks     = 4 // three beside timestamps
	MaxWindowScale    = 14
	MinFastOpenCookie = 4
	MaxFastOpenCookie = 16
)

// TCPOptions are the options of a TCP header. An option of which a header has several counts as its last.
//
// An option is a kind, its length with both these bytes, and data:
//
//	+--------+--------+---------
//	|  kind  | length |  data...
//	+--------+--------+---------
type TCPOptions struct {
	HasMSS bool
	MSS    uint16

	HasWScale bool
	WScale    uint8 // as received: a shift above MaxWindowScale counts as that (RFC 7323, Section 2.3)

	SACKPermitted bool

	HasTimestamps bool
	TSVal, TSEcr  uint32

	NSACK uint8 // how many of SACK are in use
	SACK  [MaxSACKBlocks]SACKBlock

	HasFastOpen bool
	FastOpenLen uint8 // length of the cookie; 0 asks for one
	FastOpen    [MaxFastOpenCookie]byte

	HasUserTimeout bool
	UserTimeout    uint16 // granularity bit (minutes, not seconds) and 15 bits of time
}

// SACKBlock is a range of sequence space the peer has: from Left up to, not including, Right (RFC 2018, Section 3).
type SACKBlock struct {
	Left, Right uint32
}

// tsPrefix is how nearly every segment of an established connection begins its options: NOP, NOP, timestamps, length 10.
const (
	tsPrefix     = TCPOptNOP<<24 | TCPOptNOP<<16 | TCPOptTimestamps<<8 | tsLen
	tsLen        = 10
	tsAlignedLen = 12
)

// parse reads the option part of a header. Options of unknown kind are skipped by their length.
//
// "TCP implementations MUST be prepared to handle an illegal option length (e.g., zero)" (RFC 9293, Section 3.1): an
// option that ends beyond the header, or whose length is not one its kind can have, is ErrBadOption, and the segment
// should be dropped. Fast Open is the exception, as its RFC asks.
//
// req: RFC9293 MUST-4, MUST-6, MUST-7, MUST-64, MUST-68
func (o *TCPOptions) parse(b []byte) error {
	if len(b) >= tsAlignedLen && binary.BigEndian.Uint32(b) == tsPrefix {
		o.HasTimestamps = true
		o.TSVal = binary.BigEndian.Uint32(b[4:])
		o.TSEcr = binary.BigEndian.Uint32(b[8:])
		b = b[tsAlignedLen:]
	}
	for len(b) > 0 {
		switch b[0] {
		case TCPOptEnd:
			return nil
		case TCPOptNOP:
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return ErrBadOption
		}
		if !o.set(b[0], b[2:b[1]]) {
			return ErrBadOption
		}
		b = b[b[1]:]
	}
	return nil
}

// set takes over one option. It reports whether the length of its data is one the kind can have.
func (o *TCPOptions) set(kind byte, data []byte) bool {
	switch kind {
	case TCPOptMSS:
		if len(data) != 2 {
			return false
		}
		o.HasMSS, o.MSS = true, binary.BigEndian.Uint16(data)
	case TCPOptWindowScale:
		if len(data) != 1 {
			return false
		}
		o.HasWScale, o.WScale = true, data[0]
	case TCPOptSACKPermitted:
		if len(data) != 0 {
			return false
		}
		o.SACKPermitted = true
	case TCPOptSACK:
		return o.setSACK(data)
	case TCPOptTimestamps:
		if len(data) != 8 {
			return false
		}
		o.HasTimestamps = true
		o.TSVal, o.TSEcr = binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	case TCPOptUserTimeout:
		if len(data) != 2 {
			return false
		}
		o.HasUserTimeout, o.UserTimeout = true, binary.BigEndian.Uint16(data)
	case TCPOptFastOpen:
		o.setFastOpen(data)
	}
	return true
}

func (o *TCPOptions) setSACK(data []byte) bool {
	n := len(data) / 8
	if len(data)%8 != 0 || n < 1 || n > MaxSACKBlocks {
		return false
	}
	o.NSACK = uint8(n)
	for i := range n {
		o.SACK[i] = SACKBlock{binary.BigEndian.Uint32(data[8*i:]), binary.BigEndian.Uint32(data[8*i+4:])}
	}
	return true
}

// setFastOpen takes over a cookie of 4 to 16 bytes, or the request for one.
//
// RFC 7413, Section 4.1.1: "The number MUST be even"; "Options with invalid Length values [...] MUST be ignored." Section 9:
// implementations "SHOULD use this new option (34)".
//
// req: RFC7413 4.1.1-2, 9-1
func (o *TCPOptions) setFastOpen(data []byte) {
	n := len(data)
	if n != 0 && (n < MinFastOpenCookie || n > MaxFastOpenCookie) || n%2 != 0 {
		return
	}
	o.HasFastOpen, o.FastOpenLen = true, uint8(n)
	o.FastOpen = [MaxFastOpenCookie]byte{}
	copy(o.FastOpen[:], data)
}

// Cookie returns the Fast Open cookie; it aliases o.
func (o *TCPOptions) Cookie() []byte {
	return o.FastOpen[:min(o.FastOpenLen, MaxFastOpenCookie)]
}

// UserTimeoutValue returns the time the user timeout option stands for (RFC 5482, Section 3).
func (o *TCPOptions) UserTimeoutValue() time.Duration {
	n := time.Duration(o.UserTimeout & 0x7fff)
	if o.UserTimeout&0x8000 != 0 {
		return n * time.Minute
	}
	return n * time.Second
}

// SetUserTimeout sets the user timeout option to d, in seconds if they can express it and else in minutes, rounded up.
func (o *TCPOptions) SetUserTimeout(d time.Duration) {
	const most = 0x7fff
	o.HasUserTimeout = true
	if n := (d + time.Second - 1) / time.Second; n <= most {
		o.UserTimeout = uint16(max(n, 0))
		return
	}
	o.UserTimeout = 0x8000 | uint16(min((d+time.Minute-1)/time.Minute, most))
}
