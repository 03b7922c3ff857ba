package wire

import "encoding/binary"

// The order in which options are written is Linux's, since that is what peers and captures expect:
//
//	SYN       MSS, SACK-permitted, timestamps, NOP, window scale, user timeout, Fast Open
//	  no TS   MSS, NOP, NOP, SACK-permitted, NOP, window scale, ...
//	others    NOP, NOP, timestamps; user timeout; NOP, NOP, SACK
//
// Each group fills words of four bytes, with NOPs in front or, for the Fast Open cookie, behind.

// Len returns how many bytes the options take in a header: a multiple of 4, at most MaxTCPOptionsLen.
func (o *TCPOptions) Len() int {
	n := o.fixedLen() + o.fastOpenLen()
	if o.userTimeoutFits() {
		n += 4
	}
	if k := o.sackFits(); k > 0 {
		n += 4 + 8*k
	}
	return n
}

// fixedLen is the length of the options that always fit.
func (o *TCPOptions) fixedLen() int {
	n := 0
	if o.HasMSS {
		n += 4
	}
	if o.HasTimestamps {
		n += tsAlignedLen // SACK-permitted takes the place of its NOPs
	} else if o.SACKPermitted {
		n += 4
	}
	if o.HasWScale {
		n += 4
	}
	return n
}

func (o *TCPOptions) fastOpenLen() int {
	if !o.HasFastOpen {
		return 0
	}
	return (2 + len(o.Cookie()) + 3) &^ 3
}

// userTimeoutFits reports whether to write the user timeout: it is advisory and yields to the cookie.
func (o *TCPOptions) userTimeoutFits() bool {
	return o.HasUserTimeout && o.fixedLen()+o.fastOpenLen()+4 <= MaxTCPOptionsLen
}

// sackFits returns how many SACK blocks to write: as many as the other options leave room for.
func (o *TCPOptions) sackFits() int {
	if o.NSACK == 0 {
		return 0
	}
	room := MaxTCPOptionsLen - o.fixedLen() - o.fastOpenLen() - 4
	if o.userTimeoutFits() {
		room -= 4
	}
	return max(0, min(int(o.NSACK), MaxSACKBlocks, room/8))
}

// req: RFC9293 MUST-68, MUST-69
func (o *TCPOptions) appendTo(b []byte) []byte {
	if o.HasMSS {
		b = append(b, TCPOptMSS, 4, byte(o.MSS>>8), byte(o.MSS))
	}
	switch {
	case o.SACKPermitted && o.HasTimestamps:
		b = append(b, TCPOptSACKPermitted, 2, TCPOptTimestamps, tsLen)
	case o.HasTimestamps:
		b = append(b, TCPOptNOP, TCPOptNOP, TCPOptTimestamps, tsLen)
	case o.SACKPermitted:
		b = append(b, TCPOptNOP, TCPOptNOP, TCPOptSACKPermitted, 2)
	}
	if o.HasTimestamps {
		b = binary.BigEndian.AppendUint32(b, o.TSVal)
		b = binary.BigEndian.AppendUint32(b, o.TSEcr)
	}
	if o.HasWScale {
		b = append(b, TCPOptNOP, TCPOptWindowScale, 3, o.WScale)
	}
	if o.userTimeoutFits() {
		b = append(b, TCPOptUserTimeout, 4, byte(o.UserTimeout>>8), byte(o.UserTimeout))
	}
	if n := o.sackFits(); n > 0 {
		b = append(b, TCPOptNOP, TCPOptNOP, TCPOptSACK, byte(2+8*n))
		for _, s := range o.SACK[:n] {
			b = binary.BigEndian.AppendUint32(b, s.Left)
			b = binary.BigEndian.AppendUint32(b, s.Right)
		}
	}
	if o.HasFastOpen {
		cookie := o.Cookie()
		b = append(b, TCPOptFastOpen, byte(2+len(cookie)))
		b = append(b, cookie...)
		for n := 2 + len(cookie); n%4 != 0; n++ {
			b = append(b, TCPOptNOP)
		}
	}
	return b
}
