package wire

import (
	"bytes"
	"testing"
	"time"
)

// req: RFC9293 MUST-1, MUST-4, MUST-5
func TestTCP(t *testing.T) {
	for _, tt := range []struct {
		name, packet string
		want         TCP
		text         string
	}{
		{
			"SYN", ip4SYN,
			TCP{SrcPort: 37910, DstPort: 80, Seq: 0xe48fff35, Flags: SYN, Window: 64240, Checksum: 0x2dc5,
				Options: TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 0x992289f4,
					HasWScale: true, WScale: 10}},
			"",
		},
		{
			"SYN-ACK", ip4SYNACK,
			TCP{SrcPort: 80, DstPort: 37910, Seq: 0x675683f3, Ack: 0xe48fff36, Flags: SYN | ACK, Window: 65160, Checksum: 0x7b4e,
				Options: TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 0x86f43c8f,
					TSEcr: 0x992289f4, HasWScale: true, WScale: 10}},
			"",
		},
		{
			"data", ip4Data,
			TCP{SrcPort: 37910, DstPort: 80, Seq: 0xe48fff36, Ack: 0x675683f4, Flags: PSH | ACK, Window: 63, Checksum: 0x6488,
				Options: TCPOptions{HasTimestamps: true, TSVal: 0x992289f4, TSEcr: 0x86f43c8f}},
			"hello",
		},
		{
			"FIN", ip4FIN,
			TCP{SrcPort: 37910, DstPort: 80, Seq: 0xe48fff3b, Ack: 0x675683f9, Flags: FIN | ACK, Window: 63, Checksum: 0xa85a,
				Options: TCPOptions{HasTimestamps: true, TSVal: 0x992289f5, TSEcr: 0x86f43c90}},
			"",
		},
		{
			"RST without options", ip4RST,
			TCP{SrcPort: 81, DstPort: 37934, Ack: 0x972b677e, Flags: RST | ACK, Checksum: 0x98a3},
			"",
		},
		{
			"SACK", ip4SACK,
			TCP{SrcPort: 80, DstPort: 37924, Seq: 0x1b9cbbf4, Ack: 0x60ca41fd, Flags: ACK, Window: 72, Checksum: 0xfef6,
				Options: TCPOptions{HasTimestamps: true, TSVal: 0xedce1216, TSEcr: 0xfdb85df1,
					NSACK: 1, SACK: [4]SACKBlock{{0x60ca45e5, 0x60ca4b8d}}}},
			"",
		},
		{
			"Fast Open asks for a cookie", ip4TFOAsk,
			TCP{SrcPort: 37938, DstPort: 80, Seq: 0x76d90032, Flags: SYN, Window: 64240, Checksum: 0x73ba,
				Options: TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 0xdd0a39ae,
					HasWScale: true, WScale: 10, HasFastOpen: true}},
			"",
		},
		{
			"Fast Open gives a cookie", ip4TFOGive,
			TCP{SrcPort: 80, DstPort: 37938, Seq: 0x74cb31ae, Ack: 0x76d90033, Flags: SYN | ACK, Window: 65160, Checksum: 0xb01b,
				Options: TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 0xf1874020,
					TSEcr: 0xdd0a39ae, HasWScale: true, WScale: 10, HasFastOpen: true, FastOpenLen: 8,
					FastOpen: [16]byte{0x2e, 0xbd, 0x9f, 0x12, 0xa7, 0xbb, 0x52, 0x38}}},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			segment := ipPayload(t, tt.packet)
			h, text, err := ParseTCP(segment)
			if err != nil || h != tt.want || string(text) != tt.text {
				t.Fatalf("ParseTCP = %+v, %q, %v\nwant %+v, %q", h, text, err, tt.want, tt.text)
			}
			if h.Len() != len(segment)-len(text) {
				t.Errorf("Len = %d, want %d", h.Len(), len(segment)-len(text))
			}
			// Our layouts are Linux's, to the byte.
			if got := append(h.AppendTo(nil), text...); !bytes.Equal(got, segment) {
				t.Errorf("appended %x\n    want %x", got, segment)
			}
		})
	}
}

func TestTCPErrors(t *testing.T) {
	good := ipPayload(t, ip4Data)
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrTruncated},
		{"header cut", good[:19], ErrTruncated},
		{"options cut", good[:31], ErrTruncated},
		{"data offset 0", with(good, 12, 0x00), ErrBadHeaderLength},
		{"data offset 4", with(good, 12, 0x40), ErrBadHeaderLength},
		{"data offset beyond the segment", with(good, 12, 0xf0), ErrTruncated},
		{"bad option", with(good, 21, 9), ErrBadOption},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := ParseTCP(tt.b); err != tt.want {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	h, text, _ := ParseTCP(with(good, 21, 9))
	if h.SrcPort != 37910 || h.Options != (TCPOptions{}) || string(text) != "hello" {
		t.Errorf("with a bad option: %+v, %q", h, text)
	}
}

func TestTCPReservedBits(t *testing.T) {
	h, _, err := ParseTCP(with(ipPayload(t, ip4RST), 12, 0x5f))
	if err != nil || h.Flags != RST|ACK|AE {
		t.Errorf("flags %v, %v; want AE beside them and the other reserved bits ignored", h.Flags, err)
	}
	h.Flags = 0xffff
	if got := h.AppendTo(nil)[12]; got != 0x51 {
		t.Errorf("byte 12 = %#02x, want 0x51: reserved bits are sent as 0", got)
	}
}

func TestFlagsString(t *testing.T) {
	for flags, want := range map[Flags]string{
		0:                           "none",
		SYN:                         "SYN",
		SYN | ACK:                   "SYN|ACK",
		SYN | ECE | CWR | AE:        "SYN|ECE|CWR|AE",
		FIN | PSH | ACK | URG | RST: "FIN|RST|PSH|ACK|URG",
		ACK | 0x200:                 "ACK+0x200",
	} {
		if got := flags.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
	if !(SYN | ACK).Has(ACK) || SYN.Has(SYN|ACK) {
		t.Error("Has must ask for all")
	}
}

func TestUserTimeout(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		raw  uint16
		want time.Duration
	}{
		{0, 0, 0},
		{-time.Second, 0, 0},
		{time.Millisecond, 1, time.Second},
		{30 * time.Second, 30, 30 * time.Second},
		{32767 * time.Second, 0x7fff, 32767 * time.Second},
		{32768 * time.Second, 0x8000 | 547, 547 * time.Minute},
		{10000 * time.Hour, 0xffff, 32767 * time.Minute},
	} {
		var o TCPOptions
		o.SetUserTimeout(tt.d)
		if o.UserTimeout != tt.raw || o.UserTimeoutValue() != tt.want || !o.HasUserTimeout {
			t.Errorf("SetUserTimeout(%v): %#04x, %v; want %#04x, %v", tt.d, o.UserTimeout, o.UserTimeoutValue(), tt.raw, tt.want)
		}
	}
}

func FuzzTCP(f *testing.F) {
	for _, p := range []string{ip4SYN, ip4Data, ip4RST, ip4SACK, ip4TFOAsk, ip4TFOGive, ip6SYN} {
		f.Add(ipPayload(f, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, text, err := ParseTCP(b)
		_ = h.String()
		if err != nil {
			return
		}
		again := h.AppendTo(nil)
		if len(again) != h.Len() || len(again) > MaxTCPHeaderLen || len(again)%4 != 0 {
			t.Fatalf("Len = %d, header %x", h.Len(), again)
		}
		if !bytes.Equal(again[:12], b[:12]) || !bytes.Equal(again[13:20], b[13:20]) {
			t.Errorf("%+v appended as %x, was %x", h, again, b)
		}
		h2, _, err := ParseTCP(append(again, text...))
		if err != nil {
			t.Fatalf("our own header %x: %v", again, err)
		}
		// Options that came unpadded may not all fit with the padding we write.
		o := &h.Options
		if fit := o.sackFits() == int(o.NSACK) && o.userTimeoutFits() == o.HasUserTimeout; fit && h2 != h {
			t.Errorf("%+v appended and parsed is %+v", h, h2)
		}
	})
}
