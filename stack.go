package antedon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/runner"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// Config sets up a Stack. The zero value of every field but Addrs works.
type Config struct {
	// Addrs are the stack's own addresses, each with the length of its on-link prefix. At least one, unless
	// AnyAddress is set.
	Addrs []netip.Prefix

	// Routes say which destinations lie behind the device beside the on-link prefixes. Nil means all of them.
	Routes []host.Route

	// AnyAddress takes packets for every unicast address, and lets connections use any as their source.
	AnyAddress bool

	// TCP is how connections behave. As in package net, Nagle's algorithm is off for every connection until
	// Conn.SetNoDelay(false), whatever TCP.NoDelay says.
	TCP tcp.Config

	// Limits bound what the stack keeps on behalf of others.
	Limits host.Limits

	// MemoryLimit is the most memory, in bytes, for packets and for connections' buffers: 1 GiB. Each connection gets as
	// much of it, in either direction, as is left for the others, and never less than two segments.
	MemoryLimit int

	// Resolver turns host names into addresses. Nil: only literal addresses can be dialled. To ask a server through
	// the stack itself, use StackResolver.
	Resolver *net.Resolver

	// Secret seeds ports, sequence numbers and hashes: 32 random bytes. Set it only to make a test repeatable.
	Secret [32]byte
}

// DefaultMemoryLimit is the default of Config.MemoryLimit.
const DefaultMemoryLimit = 1 << 30

// Stack is one TCP/IP host on one device.
type Stack struct {
	shard    *runner.Shard
	resolver *net.Resolver
	inLoop   *loopStack // nil unless made by NewInLoop
}

// New starts a stack on dev, which it owns from now on: Close closes it. On an error dev remains the caller's.
func New(dev link.Device, cfg Config) (*Stack, error) {
	return newStack(cfg, func(cfg host.Config) (*Stack, error) {
		return &Stack{shard: runner.New(dev, cfg)}, nil
	})
}

// newStack checks the configuration and has start make of it a stack with its shard.
func newStack(cfg Config, start func(host.Config) (*Stack, error)) (*Stack, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Secret == [32]byte{} {
		if _, err := rand.Read(cfg.Secret[:]); err != nil {
			return nil, fmt.Errorf("antedon: no randomness: %w", err)
		}
	}
	if cfg.MemoryLimit == 0 {
		cfg.MemoryLimit = DefaultMemoryLimit
	}
	cfg.TCP.NoDelay = true
	s, err := start(host.Config{
		Addrs: cfg.Addrs, Routes: cfg.Routes, AnyAddress: cfg.AnyAddress,
		TCP: cfg.TCP, Limits: cfg.Limits, Secret: cfg.Secret,
		Pool: buffer.NewPool(cfg.MemoryLimit),
	})
	if err != nil {
		return nil, err
	}
	s.resolver = cfg.Resolver
	return s, nil
}

func (cfg *Config) check() error {
	if len(cfg.Addrs) == 0 && !cfg.AnyAddress {
		return errors.New("antedon: Config.Addrs is empty: name the stack's address, such as 10.7.0.2/24")
	}
	for _, p := range cfg.Addrs {
		if !p.IsValid() || p.Addr().IsMulticast() || p.Addr().IsUnspecified() {
			return fmt.Errorf("antedon: Config.Addrs: %v is not an address with a prefix length, such as 10.7.0.2/24", p)
		}
	}
	if _, err := congestion.New(cfg.TCP.Congestion, congestion.Options{MSS: 1460, Initial: 10}); err != nil {
		return fmt.Errorf("antedon: Config.TCP.Congestion: %w", err)
	}
	return nil
}

// DefaultCloseTimeout is how long Close waits if its context has no deadline.
const DefaultCloseTimeout = 5 * time.Second

// Close stops listening, closes every connection, waits until what was sent, and the FINs, are acknowledged, and closes
// the device. It waits for ctx, or DefaultCloseTimeout if ctx has no deadline, and never for TIME-WAIT. Connections that
// are not done by then are reset, and the error says so.
func (s *Stack) Close(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultCloseTimeout)
		defer cancel()
	}
	if err := s.shard.Close(ctx); err != nil {
		return &net.OpError{Op: "close", Net: "stack", Err: err}
	}
	return nil
}

// Counters yields the name and value of everything the stack has counted that is not 0: packets, bytes, events, and why
// packets were dropped. The names are for people and may change.
func (s *Stack) Counters() iter.Seq2[string, uint64] { return s.shard.Counters() }

// Device returns the device the stack runs on.
func (s *Stack) Device() link.Device { return s.shard.Device() }
