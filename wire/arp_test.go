package wire

import (
	"bytes"
	"testing"
)

func TestARP(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        ARP
	}{
		{"request", ethARPRequest, ARP{Op: ARPRequest, SenderMAC: mac1, SenderIP: host1, TargetIP: host2}},
		{"reply", ethARPReply, ARP{Op: ARPReply, SenderMAC: mac2, SenderIP: host2, TargetMAC: mac1, TargetIP: host1}},
		{"padded to the least frame", ethARPReply + "000000000000000000000000000000000000",
			ARP{Op: ARPReply, SenderMAC: mac2, SenderIP: host2, TargetMAC: mac1, TargetIP: host1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			msg := unhex(t, tt.frame)[EthernetHeaderLen:]
			a, err := ParseARP(msg)
			if err != nil || a != tt.want {
				t.Fatalf("ParseARP = %+v, %v\nwant %+v", a, err, tt.want)
			}
			if got := a.AppendTo(nil); !bytes.Equal(got, msg[:ARPLen]) {
				t.Errorf("appended %x\n    want %x", got, msg[:ARPLen])
			}
		})
	}
}

func TestARPErrors(t *testing.T) {
	good := unhex(t, ethARPReply)[EthernetHeaderLen:]
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrTruncated},
		{"no operation", good[:7], ErrTruncated},
		{"last address cut", good[:ARPLen-1], ErrTruncated},
		{"hardware is not Ethernet", with(good, 1, 6), ErrBadHardware},
		{"protocol is not IPv4", with(good, 2, 0x86), ErrBadHardware},
		{"hardware address of 8 bytes", with(good, 4, 8), ErrBadHardware},
		{"protocol address of 16 bytes", with(good, 5, 16), ErrBadHardware},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseARP(tt.b); err != tt.want {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzARP(f *testing.F) {
	f.Add(unhex(f, ethARPRequest)[EthernetHeaderLen:])
	f.Add(unhex(f, ethARPReply)[EthernetHeaderLen:])
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseARP(b)
		if err != nil {
			return
		}
		_ = a.String()
		if got := a.AppendTo(nil); !bytes.Equal(got, b[:ARPLen]) {
			t.Errorf("%+v appended as %x, was %x", a, got, b)
		}
	})
}
