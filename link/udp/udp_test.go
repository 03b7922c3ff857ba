package udp_test

import (
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/link/udp"
)

// TestTransfer sends bulk both ways at once, over IPv4 and IPv6, outside and inside.
func TestTransfer(t *testing.T) {
	for _, tt := range []struct {
		name      string
		near, far netip.AddrPort
		inside    string
		cfg       udp.Config
		trains    bool
	}{
		{"IPv4 in IPv4", near4, far4, "10.9.0.2:80", udp.Config{}, true},
		{"IPv6 in IPv4", near4, far4, "[fd09::2]:80", udp.Config{MTU: 1452}, true},
		{"IPv4 in IPv6", near6, far6, "10.9.0.2:80", udp.Config{MTU: 9000}, true},
		{"IPv6 in IPv6", near6, far6, "[fd09::2]:80", udp.Config{}, true},
		{"no offload", near4, far4, "10.9.0.2:80", udp.Config{NoOffload: true}, false},
		{"largest MTU", near4, far4, "10.9.0.2:80", udp.Config{MTU: udp.MaxMTU}, false},
		{"small buffers", near4, far4, "10.9.0.2:80", udp.Config{RecvBuffer: 1, SendBuffer: 1}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := openPair(t, tt.near, tt.far, tt.cfg)
			c, d := connect(t, newStack(t, a, nearAddrs), newStack(t, b, farAddrs), tt.inside)
			exchange(t, c, d, 4<<20)
			for _, dev := range []*udp.Device{a, b} {
				s := dev.Stats()
				if s.Sent == 0 || s.Received == 0 || s.Foreign != 0 || s.Malformed != 0 || s.TooLong != 0 || s.Dropped != 0 || s.Refused != 0 {
					t.Errorf("%s: %+v", dev.Name(), s)
				}
				if tt.trains != (s.SentTrains > 0) || tt.trains != (s.ReceivedTrains > 0) {
					t.Errorf("%s: %d trains sent, %d received; want some: %v", dev.Name(), s.SentTrains, s.ReceivedTrains, tt.trains)
				}
			}
		})
	}
}
