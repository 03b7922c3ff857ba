package load

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/internal/stateless"
)

// The server's end of the link in a private namespace.
var kernelPrefixes = []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24"), netip.MustParsePrefix("fd07::1/64")}

// privateTarget is where the server is reached.
func (p *Plan) privateTarget() netip.AddrPort {
	if p.IPv6 {
		return netip.AddrPortFrom(kernelPrefixes[1].Addr(), p.Port)
	}
	return netip.AddrPortFrom(kernelPrefixes[0].Addr(), p.Port)
}

// Private makes a namespace, starts the server in it, loads it, and ends the server with all its descendants. watch is called
// now and then with what has happened so far; it may be nil.
func Private(ctx context.Context, p Plan, watch func(*Report)) (*Report, error) {
	p = p.WithDefaults()
	if err := p.CheckPrivate(); err != nil {
		return nil, err
	}
	lab, err := netlab.New(netlab.Options{Kernel: kernelPrefixes, Routes: []netip.Prefix{p.From}})
	if err != nil {
		return nil, err
	}
	r, err := p.within(ctx, lab, watch)
	return r, cmp.Or(err, lab.Close())
}

// within does all that happens in the namespace.
func (p *Plan) within(ctx context.Context, lab *netlab.Lab, watch func(*Report)) (*Report, error) {
	if err := checkAlone(lab); err != nil {
		return nil, err
	}
	s, err := startServer(ctx, lab, p)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, lab, p); err != nil {
		return nil, err
	}
	var key [16]byte
	rand.Read(key[:])
	cfg := p.engine()
	cfg.Key = siphash.Key{K0: binary.LittleEndian.Uint64(key[:]), K1: binary.LittleEndian.Uint64(key[8:])}
	e, err := stateless.New(cfg)
	if err != nil {
		return nil, err
	}
	before, err := listenCounters(lab)
	if err != nil {
		return nil, err
	}
	r := &Report{Mode: p.Mode, Target: cfg.Target.String(), Private: true, From: p.From.String(), Command: p.Command}
	err = p.volley(ctx, lab, s, e, r, watch)
	after, kerr := listenCounters(lab)
	r.Kernel = grown(before, after)
	return r, cmp.Or(err, kerr)
}

// volley loads the server until there is no more to do, the time is over, the server has ended or ctx is done.
func (p *Plan) volley(ctx context.Context, lab *netlab.Lab, s *server, e *stateless.Engine, r *Report, watch func(*Report)) error {
	limited, cancel := context.WithTimeout(ctx, p.Time)
	defer cancel()
	v := newVolley(e, lab.Device().Queues()[0])
	var reader, others sync.WaitGroup
	reader.Go(v.receive)
	others.Go(func() { v.begin(limited) })
	var honest *honest
	if p.Mode.isHostile() {
		honest = newHonest(lab, p.privateTarget())
		others.Go(func() { honest.run(limited) })
	}
	ended := p.watch(limited, v, s, r, watch)
	cancel()
	others.Wait()
	err := v.report(r, true)
	if honest != nil {
		r.Honest = honest.report()
	}
	r.Interrupted = ctx.Err() != nil
	closed := lab.Device().Close()
	reader.Wait()
	return cmp.Or(ended, err, closed)
}

// How often who watches is told, and how long nothing may happen before what is not answered counts as lost.
const (
	watchEvery = 200 * time.Millisecond
	quietLimit = 2 * time.Second
)

// watch waits for the end. It returns an error if that was the server's.
func (p *Plan) watch(ctx context.Context, v *volley, s *server, r *Report, watch func(*Report)) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var last stateless.Counters
	changed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.ended:
			return s.failure()
		case <-tick.C:
		}
		v.mu.Lock()
		now, done := *v.engine.Counters(), v.engine.Done()
		v.mu.Unlock()
		if now != last {
			last, changed = now, time.Now()
		}
		if time.Since(changed) > watchEvery/2 && v.settled(p.Mode, p.FIN) || done && !p.Mode.untilTime() && time.Since(changed) > quietLimit {
			return nil
		}
		if watch != nil {
			if err := v.report(r, false); err != nil {
				return err
			}
			watch(r)
		}
	}
}

// errNotAlone is what keeps everything from being sent.
var errNotAlone = errors.New("the namespace is not private: nothing was sent")

// notAlone says what is wrong with the namespace.
func notAlone(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errNotAlone, fmt.Sprintf(format, args...))
}
