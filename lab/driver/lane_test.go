package driver

import (
	"bytes"
	"io"
	"testing"

	"github.com/antedon-net/antedon/link/impair"
)

// TestOffload: what leaves in runs arrives as it was, over both IP versions, and from an SDK too.
func TestOffload(t *testing.T) {
	for name, builtin := range map[string]bool{"builtin": true, "SDK": false} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.serve(7, echo)
			if builtin {
				p.start(0, func(c *Config) { c.Builtin, c.Offload = true, true })
			} else {
				p.start(1, func(c *Config) { c.Offload = true })
				p.sdk(0, nil)
			}
			p.bulk(3_000_000, 3_000_000)
			p.echoesMuch("[fd07::2]:7")
			if c := p.driver.Counters(); c.Joined == 0 || c.BadChecksums > 0 {
				t.Errorf("got %+v, want segments that were joined", c)
			}
		})
	}
}

// TestOffloadImpaired: a segment with a wrong checksum is not made right by those it leaves with.
func TestOffloadImpaired(t *testing.T) {
	p := newPlace(t)
	plan, err := impair.Parse("loss=1%,corrupt=1%,seed=3")
	if err != nil {
		t.Fatal(err)
	}
	p.start(0, func(c *Config) { c.Builtin, c.Offload, c.Impair = true, true, &plan })
	p.bulk(2_000_000, 300_000)
	if c := p.driver.Counters(); c.Impaired == 0 || c.Joined == 0 {
		t.Errorf("got %+v, want lost and joined segments", c)
	}
}

// echoesMuch has an address repeat a megabyte.
func (p *place) echoesMuch(address string) {
	p.Helper()
	want := random(1_000_000, 3)
	c := p.dial(address)
	go func() {
		_, _ = c.Write(want)
		_ = c.CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
		p.Errorf("%s: got %d bytes, %v, want %d", address, len(got), err, len(want))
	}
}
