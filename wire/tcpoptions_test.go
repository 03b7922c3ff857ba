package wire

import (
	"bytes"
	"strings"
	"testing"
)

// header returns a TCP header with these option bytes, padded.
func header(options []byte) []byte {
	for len(options)%4 != 0 {
		options = append(options, TCPOptEnd)
	}
	b := make([]byte, TCPHeaderLen, MaxTCPHeaderLen)
	b[12] = byte((TCPHeaderLen + len(options)) / 4 << 4)
	return append(b, options...)
}

// req: RFC9293 MUST-4, MUST-6, MUST-64, RFC7413 4.1.1-2, 9-1
func TestTCPOptionsParse(t *testing.T) {
	ts := TCPOptions{HasTimestamps: true, TSVal: 1, TSEcr: 2}
	for _, tt := range []struct {
		name, options string
		want          TCPOptions
	}{
		{"none", "", TCPOptions{}},
		{"NOPs", "01010101", TCPOptions{}},
		{"what follows the end does not count", "00 0204ffff", TCPOptions{}},
		{"MSS", "020405b4", TCPOptions{HasMSS: true, MSS: 1460}},
		{"MSS 0", "02040000", TCPOptions{HasMSS: true}},
		{"the last of two counts", "020405b4 02040218", TCPOptions{HasMSS: true, MSS: 536}},
		{"window scale above 14 is kept", "0303ff", TCPOptions{HasWScale: true, WScale: 255}},
		{"SACK-permitted", "0402", TCPOptions{SACKPermitted: true}},
		{"timestamps, padded in front", "0101080a0000000100000002", ts},
		{"timestamps, padded behind", "080a00000001000000020101", ts},
		{"timestamps, not padded", "080a0000000100000002", ts},
		{"timestamps and a SACK block", "0101080a0000000100000002 0101050a 00000010 00000020",
			TCPOptions{HasTimestamps: true, TSVal: 1, TSEcr: 2, NSACK: 1, SACK: [4]SACKBlock{{16, 32}}}},
		{"four SACK blocks", "0522 0000000100000002 0000000300000004 0000000500000006 fffffffff0000000 0101",
			TCPOptions{NSACK: 4, SACK: [4]SACKBlock{{1, 2}, {3, 4}, {5, 6}, {0xffffffff, 0xf0000000}}}},
		{"user timeout in minutes", "1c048005", TCPOptions{HasUserTimeout: true, UserTimeout: 0x8005}},
		{"unknown options are skipped", "fd04f989 1e03ff 020405b4", TCPOptions{HasMSS: true, MSS: 1460}},
		{"an unknown option that fills the header", "fd28" + strings.Repeat("ff", 38), TCPOptions{}},

		{"Fast Open, the longest cookie", "2212 000102030405060708090a0b0c0d0e0f",
			TCPOptions{HasFastOpen: true, FastOpenLen: 16, FastOpen: [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}},
		// "Options with invalid Length values [...] MUST be ignored" (RFC 7413, Section 4.1.1).
		{"Fast Open, cookie of 2", "2204 0102", TCPOptions{}},
		{"Fast Open, cookie of 5", "2207 0102030405", TCPOptions{}},
		{"Fast Open, cookie of 18", "2214" + strings.Repeat("aa", 18), TCPOptions{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, _, err := ParseTCP(header(unhex(t, tt.options)))
			if err != nil || h.Options != tt.want {
				t.Errorf("options %v, error %v, want %v", h.Options, err, tt.want)
			}
		})
	}
}

// RFC 9293, Section 3.1: "TCP implementations MUST be prepared to handle an illegal option length (e.g., zero)".
//
// req: RFC9293 MUST-7
func TestTCPOptionsIllegalLength(t *testing.T) {
	for _, tt := range []struct{ name, options string }{
		{"length 0", "02000000"},
		{"length 1", "02010000"},
		{"length 0 of an unknown kind", "fd000000"},
		{"no room for a length", "01010102"},
		{"beyond the header", "01010204"},
		{"unknown kind beyond the header", "fd050000"},
		{"MSS of 3", "02030501"},
		{"MSS of 6", "0206000005b40101"},
		{"window scale of 2", "03020101"},
		{"window scale of 4", "03040101"},
		{"SACK-permitted of 3", "04030001"},
		{"timestamps of 9", "0101010809000000010000000200"},
		{"timestamps of 2, in the usual place", "0101 0802 00000001 00000002"},
		{"user timeout of 3", "1c030001"},
		{"SACK without blocks", "05020101"},
		{"SACK of one and a half blocks", "050e" + strings.Repeat("00", 12)},
		{"SACK of a block and a byte", "050b" + strings.Repeat("00", 9)},
		{"SACK of five blocks", "052a" + strings.Repeat("00", 38)},
		{"a good one first", "020405b4 03040101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, _, err := ParseTCP(header(unhex(t, tt.options)))
			if err != ErrBadOption || h.Options != (TCPOptions{}) {
				t.Errorf("options %v, error %v, want %v", h.Options, err, ErrBadOption)
			}
		})
	}
}

// req: RFC9293 MUST-68, MUST-69
func TestTCPOptionsLayout(t *testing.T) {
	blocks := [4]SACKBlock{{1, 2}, {3, 4}, {5, 6}, {7, 8}}
	cookie := [16]byte{0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf}
	syn := TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 1, HasWScale: true, WScale: 8}
	synWith := func(f func(o *TCPOptions)) TCPOptions {
		o := syn
		f(&o)
		return o
	}
	const synBytes = "020405b4 0402080a0000000100000000 01030308"
	for _, tt := range []struct {
		name    string
		options TCPOptions
		want    string
	}{
		{"none", TCPOptions{}, ""},
		{"SYN", syn, synBytes},
		{"SYN without timestamps", synWith(func(o *TCPOptions) { o.HasTimestamps = false }), "020405b4 01010402 01030308"},
		{"SYN without SACK", synWith(func(o *TCPOptions) { o.SACKPermitted = false }), "020405b4 0101080a0000000100000000 01030308"},
		{"SYN with MSS only", TCPOptions{HasMSS: true, MSS: 536}, "02040218"},
		{"SYN asks for a cookie", synWith(func(o *TCPOptions) { o.HasFastOpen = true }), synBytes + "22020101"},
		{"SYN with a cookie of 8", synWith(func(o *TCPOptions) { o.HasFastOpen, o.FastOpenLen, o.FastOpen = true, 8, cookie }),
			synBytes + "220a c0c1c2c3c4c5c6c7 0101"},
		{"SYN with a cookie of 16", synWith(func(o *TCPOptions) { o.HasFastOpen, o.FastOpenLen, o.FastOpen = true, 16, cookie }),
			synBytes + "2212 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf 0101"},
		{"SYN with user timeout", synWith(func(o *TCPOptions) { o.HasUserTimeout, o.UserTimeout = true, 30 }), synBytes + "1c04001e"},
		{"user timeout yields to the cookie", synWith(func(o *TCPOptions) {
			o.HasUserTimeout, o.UserTimeout = true, 30
			o.HasFastOpen, o.FastOpenLen, o.FastOpen = true, 16, cookie
		}), synBytes + "2212 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf 0101"},
		{"timestamps", TCPOptions{HasTimestamps: true, TSVal: 1, TSEcr: 2}, "0101080a0000000100000002"},
		{"SACK", TCPOptions{NSACK: 1, SACK: blocks}, "0101050a 0000000100000002"},
		{"four SACK blocks", TCPOptions{NSACK: 4, SACK: blocks},
			"01010522 0000000100000002 0000000300000004 0000000500000006 0000000700000008"},
		{"three SACK blocks beside timestamps", TCPOptions{HasTimestamps: true, TSVal: 1, TSEcr: 2, NSACK: 4, SACK: blocks},
			"0101080a0000000100000002 0101051a 0000000100000002 0000000300000004 0000000500000006"},
		{"two SACK blocks beside timestamps and user timeout",
			TCPOptions{HasTimestamps: true, TSVal: 1, TSEcr: 2, HasUserTimeout: true, UserTimeout: 5, NSACK: 4, SACK: blocks},
			"0101080a0000000100000002 1c040005 01010512 0000000100000002 0000000300000004"},
		{"no room for a SACK block", synWith(func(o *TCPOptions) {
			o.NSACK, o.SACK = 4, blocks
			o.HasFastOpen, o.FastOpenLen, o.FastOpen = true, 16, cookie
		}), synBytes + "2212 c0c1c2c3c4c5c6c7c8c9cacbcccdcecf 0101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := TCP{Options: tt.options}
			want := header(unhex(t, tt.want))
			got := h.AppendTo(nil)
			if !bytes.Equal(got, want) || h.Len() != len(want) || tt.options.Len() != len(want)-TCPHeaderLen {
				t.Errorf("appended %x, Len %d\n    want %x, Len %d", got[TCPHeaderLen:], h.Len(), want[TCPHeaderLen:], len(want))
			}
			if _, _, err := ParseTCP(got); err != nil {
				t.Errorf("our own header: %v", err)
			}
		})
	}
}

// Whatever a caller puts into the fields, the header has the length it says and can be read.
func TestTCPOptionsAnyCombination(t *testing.T) {
	for bits := range 1 << 7 {
		for n := range uint8(8) {
			for cookie := uint8(0); cookie <= 20; cookie += 2 {
				h := TCP{Options: TCPOptions{
					HasMSS: bits&1 != 0, HasWScale: bits&2 != 0, SACKPermitted: bits&4 != 0, HasTimestamps: bits&8 != 0,
					HasUserTimeout: bits&16 != 0, HasFastOpen: bits&32 != 0, FastOpenLen: cookie, NSACK: n * uint8(bits>>6),
				}}
				b := h.AppendTo(nil)
				if _, _, err := ParseTCP(b); err != nil || len(b) != h.Len() || len(b) > MaxTCPHeaderLen {
					t.Fatalf("%+v: Len %d, header %x, error %v", h.Options, h.Len(), b, err)
				}
			}
		}
	}
}
