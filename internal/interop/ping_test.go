package interop

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/wire"
)

// pingSizes are payloads: one that fits a packet, and one that takes six fragments.
var pingSizes = []int{56, 8000}

// TestPingUs has the kernel's ping ping the stack. With a deadline ping goes on until five replies are there, or more if
// many come at once; without one it waits for the last no longer than twice the time of the slowest before.
func TestPingUs(t *testing.T) {
	t.Parallel()
	onEachLink(t, func(t *testing.T, b *bed) {
		for _, v := range b.versions() {
			for _, size := range pingSizes {
				out := string(b.run(t, "ping", "-n", "-c", "5", "-w", "30", "-i", "0.01", "-s", fmt.Sprint(size), v.ours.String()))
				if n := strings.Count(out, " bytes from "); n < 5 || strings.Contains(out, "wrong") {
					t.Errorf("%s", out)
				}
			}
		}
	})
}

// TestWePing pings the kernel from the stack.
func TestWePing(t *testing.T) {
	t.Parallel()
	onEachLink(t, func(t *testing.T, b *bed) {
		for _, v := range b.versions() {
			p, err := b.stack.NewPinger(netip.Addr{}, v.kernel)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			for _, size := range pingSizes {
				payload := make([]byte, size)
				newStream(v.name).Read(payload)
				for seq := range uint16(5) {
					e, err := p.Ping(bounded(t), seq, payload, 0)
					if err != nil || e.Err != 0 || e.From != v.kernel || e.Seq != seq || e.TTL != 64 || !bytes.Equal(e.Payload, payload) {
						t.Errorf("%s, %d bytes: got %v from %v with TTL %d and %d bytes, %v", v.name, size, e.Err, e.From, e.TTL, len(e.Payload), err)
					}
				}
			}
		}
	})
}

// TestTimeExceeded sends pings that may not go farther than the kernel, which is a router here.
func TestTimeExceeded(t *testing.T) {
	t.Parallel()
	for _, l := range links {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			o := l.options
			o.Routes = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/64")}
			b := newBed(t, o, antedon.Config{})
			check(t, b.Do(func() error {
				return errors.Join(os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0),
					os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1"), 0))
			}))
			for i, v := range b.versions() {
				p, err := b.stack.NewPinger(netip.Addr{}, o.Routes[i].Addr().Next())
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				e, err := p.Ping(bounded(t), 7, nil, 1)
				typ := []uint8{wire.ICMPv4TimeExceeded, wire.ICMPv6TimeExceeded}[i]
				if err != nil || e.Err != syscall.EHOSTUNREACH || e.From != v.kernel || e.Seq != 7 || e.Type != typ || e.Code != 0 {
					t.Errorf("%s: got %+v, %v; want time exceeded from %v", v.name, e, err, v.kernel)
				}
			}
		})
	}
}
