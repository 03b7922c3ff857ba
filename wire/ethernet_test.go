package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestEthernet(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        Ethernet
		payload     string
	}{
		{
			"ARP", "ffffffffffff 020000000001 0806 | 0001",
			Ethernet{Dst: Broadcast, Src: mac1, Type: EtherTypeARP},
			"0001",
		},
		{
			"empty", "020000000002 020000000001 86dd",
			Ethernet{Dst: mac2, Src: mac1, Type: EtherTypeIPv6},
			"",
		},
		{
			"tagged", "020000000002 020000000001 8100 b02a 0800 | 45",
			Ethernet{Dst: mac2, Src: mac1, Tagged: true, VLAN: VLAN{Priority: 5, DropEligible: true, ID: 42}, Type: EtherTypeIPv4},
			"45",
		},
		{
			"a second tag is payload", "020000000002 020000000001 8100 0001 8100 | 0fff 0800",
			Ethernet{Dst: mac2, Src: mac1, Tagged: true, VLAN: VLAN{ID: 1}, Type: EtherTypeVLAN},
			"0fff 0800",
		},
		{
			"802.3", "0180c2000000 020000000001 0026 | 4242",
			Ethernet{Dst: MAC{1, 0x80, 0xc2}, Src: mac1, Type: 0x26},
			"4242",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame := unhex(t, tt.frame)
			h, payload, err := ParseEthernet(frame)
			if err != nil || h != tt.want || !bytes.Equal(payload, unhex(t, tt.payload)) {
				t.Fatalf("ParseEthernet = %+v, %x, %v\nwant %+v, %s", h, payload, err, tt.want, tt.payload)
			}
			if got := append(h.AppendTo(nil), payload...); !bytes.Equal(got, frame) {
				t.Errorf("appended %x\n    want %x", got, frame)
			}
		})
	}
}

func TestEthernetErrors(t *testing.T) {
	tagged := unhex(t, "020000000002 020000000001 8100 002a 0800")
	for n := range tagged {
		if _, _, err := ParseEthernet(tagged[:n]); err != ErrTruncated {
			t.Errorf("%d bytes: error %v, want %v", n, err, ErrTruncated)
		}
	}
}

func TestMulticastMAC(t *testing.T) {
	for group, want := range map[string]string{
		"224.0.0.1":         "01:00:5e:00:00:01",
		"239.255.1.2":       "01:00:5e:7f:01:02", // 23 bits: RFC 1112, Section 6.4
		"ff02::1:ff28:9c5a": "33:33:ff:28:9c:5a", // RFC 2464, Section 7
	} {
		mac := MulticastMAC(netip.MustParseAddr(group))
		if mac.String() != want || !mac.IsMulticast() {
			t.Errorf("MulticastMAC(%s) = %v, want %v", group, mac, want)
		}
	}
	if mac1.IsMulticast() || !Broadcast.IsMulticast() {
		t.Error("IsMulticast confuses one station and all")
	}
}

func FuzzEthernet(f *testing.F) {
	f.Add(unhex(f, ethARPRequest))
	f.Add(unhex(f, "020000000002 020000000001 8100 b02a 0800 | 45"))
	f.Fuzz(func(t *testing.T, b []byte) {
		FormatEthernet(b)
		h, payload, err := ParseEthernet(b)
		if err != nil {
			return
		}
		if got := append(h.AppendTo(nil), payload...); !bytes.Equal(got, b) {
			t.Errorf("%+v appended as %x, was %x", h, got, b)
		}
	})
}
