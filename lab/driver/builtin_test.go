package driver

import (
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
	p.parallel(100, "10.7.0.2:7")
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
