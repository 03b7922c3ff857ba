package driver

import (
	"bytes"
	"io"
	"sync"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link/impair"
)

// TestBuiltin: Antedon's own TCP carries captured connections, and nothing is left of them.
func TestBuiltin(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	p.serve(7, echo)
	p.start(0, func(c *Config) { c.Builtin = true })
	for _, addr := range []string{"10.7.0.2:7", "[fd07::2]:7"} {
		p.echoes(p.dial(addr))
	}
	p.bulk(3_000_000, 10_000_000)
	var wg sync.WaitGroup
	for i := range 100 {
		want := random(20_000, byte(i))
		c := p.dial("10.7.0.2:7")
		wg.Go(func() {
			_, _ = c.Write(want)
			_ = c.CloseWrite()
		})
		wg.Go(func() {
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
				t.Errorf("connection %d: got %d bytes, %v, want %d", i, len(got), err, len(want))
			}
		})
	}
	wg.Wait()
	if c := p.driver.Counters(); c.Carried != 103 || c.BadChecksums != 0 {
		t.Errorf("got %+v, want 103 connections", c)
	}
	if err := p.driver.Close(); err != nil {
		t.Error(err)
	}
	if diff := netlab.Diff(before, p.snapshot()); diff != "" {
		t.Errorf("not as before:\n%s", diff)
	}
}

// TestBuiltinRefused: what the remote end refuses is reset.
func TestBuiltinRefused(t *testing.T) {
	p := newPlace(t)
	p.start(0, func(c *Config) { c.Builtin = true })
	p.refused("10.7.0.2:1")
}

// TestBuiltinImpaired: both ways, over a path that loses packets.
func TestBuiltinImpaired(t *testing.T) {
	p := newPlace(t)
	plan, err := impair.Parse("loss=2%,delay=2ms,corrupt=0.1%,seed=3")
	if err != nil {
		t.Fatal(err)
	}
	p.start(0, func(c *Config) { c.Builtin, c.Impair = true, &plan })
	p.bulk(300_000, 1_000_000)
	if c := p.driver.Counters(); c.Impaired == 0 {
		t.Errorf("got %+v, want lost segments", c)
	}
}
