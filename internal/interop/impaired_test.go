package interop

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
)

// TestImpairedLink has curl fetch from net/http on the stack, and the stack from nginx, over links that lose, delay,
// reorder, repeat and corrupt packets.
func TestImpairedLink(t *testing.T) {
	t.Parallel()
	const size = 2_000_000
	for i, l := range []kind{links[0], links[2]} { // an impaired link has no offload anyway
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf("loss=1%%,delay=1ms,jitter=200us,reorder=1%%,dup=1%%,corrupt=0.5%%,seed=%d", i+1)
			plan, err := impair.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("the link: %s", text)
			b := newBedOn(t, l.options, antedon.Config{}, func(d link.Device) link.Device {
				impaired, err := impair.New(d, plan, plan)
				if err != nil {
					t.Fatal(err)
				}
				return impaired
			})
			b.startNginx(t, size)
			for _, v := range b.versions() {
				ln, err := b.stack.Listen(t.Context(), "tcp", netip.AddrPortFrom(v.ours, 0).String())
				if err != nil {
					t.Fatal(err)
				}
				c := curl{b, serveHTTP(t, ln)}
				t.Run(v.name+", we serve", func(t *testing.T) { c.fetch(t, size) })
				t.Run(v.name+", we are served", func(t *testing.T) {
					w := web{base: "http://" + net.JoinHostPort(v.kernel.String(), "80")}
					w.Transport = &http.Transport{DialContext: b.stack.Dial}
					defer w.CloseIdleConnections()
					check(t, w.fetch(bounded(t), size, 0, size))
				})
			}
		})
	}
}
