package load

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/stateless"
)

// Plain loads a server that is there already, with ordinary sockets of the kernel. watch is called now and then with what has
// happened so far; it may be nil.
func Plain(ctx context.Context, p Plan, to Target, watch func(*Report)) (*Report, error) {
	if err := p.CheckPlain(to); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, p.Time)
	defer cancel()
	c := &clients{plan: &p, to: to, started: time.Now(), handshake: newHistogram(), answer: newHistogram()}
	done := make(chan struct{})
	go func() {
		c.begin(limited)
		close(done)
	}()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-tick.C:
			if watch != nil {
				watch(c.report(false))
			}
		}
	}
	r := c.report(true)
	r.Interrupted = ctx.Err() != nil
	return r, nil
}

// clients are the connections of Plain, each a goroutine.
type clients struct {
	plan    *Plan
	to      Target
	started time.Time

	mu                sync.Mutex
	n                 Report // the numbers of it only
	lastAt            time.Time
	handshake, answer *hdrhistogram.Histogram
}

// begin starts connections at the rate of the plan, and waits until all have ended.
func (c *clients) begin(ctx context.Context) {
	most := MaxRemoteOpen
	if c.to.IsLoopback() {
		most = MaxLoopbackOpen
	}
	places := make(chan struct{}, most)
	bucket := stateless.NewBucket(c.plan.Rate)
	pause := time.NewTimer(0)
	defer pause.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for i := 0; c.plan.Conns == 0 || i < c.plan.Conns; {
		now := mono.Time(time.Second + time.Since(c.started))
		if !bucket.Take(now) {
			pause.Reset(max(0, bucket.Next().Sub(now)))
			select {
			case <-pause.C:
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		n := i
		all.Go(func() {
			c.one(ctx, n)
			<-places
		})
		i++
	}
	if c.plan.Mode == Hold {
		<-ctx.Done()
	}
}

// dialLimit is how long a handshake may take.
const dialLimit = 10 * time.Second

// one is a connection from its beginning to its end.
func (c *clients) one(ctx context.Context, n int) {
	d := net.Dialer{Timeout: dialLimit, LocalAddr: c.source(n)}
	d.SetMultipathTCP(false)
	start := time.Now()
	conn, err := d.DialContext(ctx, "tcp", c.to.String())
	took := time.Since(start)
	if err != nil && ctx.Err() != nil {
		return // the time is over
	}
	c.count(func(r *Report) { c.dialed(r, took, err) })
	if err != nil {
		return
	}
	tcp := conn.(*net.TCPConn)
	stop := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	switch c.plan.Mode {
	case Request:
		c.request(ctx, tcp, start)
	case Hold:
		c.hold(ctx, tcp)
	case Connect, Churn:
		c.close(ctx, tcp)
	}
	c.count(func(r *Report) { r.Open-- })
}

// source returns where connection n comes from; nil leaves it to the kernel.
func (c *clients) source(n int) net.Addr {
	from := c.plan.From
	if !from.IsValid() {
		return nil
	}
	first := from.Masked().Addr().As4()
	hosts := uint64(1) << (32 - from.Bits())
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(first[:])+uint32(uint64(n)%hosts))
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4(a), 0))
}

// dialed counts a handshake.
func (c *clients) dialed(r *Report, took time.Duration, err error) {
	r.Tried++
	switch {
	case err == nil:
		r.Opened++
		r.Open++
		c.lastAt = time.Now()
		record(c.handshake, took)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		r.Files++
	case errors.Is(err, syscall.ECONNREFUSED):
		r.Refused++
	default:
		r.Unanswered++
	}
}

// request sends the request and reads the answer to its end.
func (c *clients) request(ctx context.Context, conn *net.TCPConn, start time.Time) {
	_, err := conn.Write(c.plan.Request)
	if err == nil {
		err = c.read(conn)
	}
	took := time.Since(start)
	conn.Close()
	if ctx.Err() != nil {
		return
	}
	c.count(func(r *Report) {
		if err != nil {
			r.Resets++
			return
		}
		r.Answered++
		record(c.answer, took)
	})
}

// read reads to the end of the stream.
func (c *clients) read(conn *net.TCPConn) error {
	n, err := io.Copy(io.Discard, conn)
	c.count(func(r *Report) { r.Bytes += uint64(n) })
	return err
}

// hold keeps a connection until the time is over, or the server ends it.
func (c *clients) hold(ctx context.Context, conn *net.TCPConn) {
	err := c.read(conn)
	conn.Close()
	if ctx.Err() != nil {
		return
	}
	c.ended(err)
}

// close ends a connection: with a RST, or in order once the server does.
func (c *clients) close(ctx context.Context, conn *net.TCPConn) {
	if !c.plan.FIN {
		conn.SetLinger(0)
		conn.Close()
		return
	}
	err := conn.CloseWrite()
	if err == nil {
		err = c.read(conn)
	}
	conn.Close()
	if ctx.Err() == nil {
		c.ended(err)
	}
}

// ended counts a connection that the server closed or reset.
func (c *clients) ended(err error) {
	c.count(func(r *Report) {
		if err != nil {
			r.Resets++
		} else {
			r.Closed++
		}
	})
}

func (c *clients) count(fn func(*Report)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(&c.n)
}

// report returns what is known now. Of the connections that are held, the last report tells how many were open at the end.
func (c *clients) report(last bool) *Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.n
	r.Mode, r.Target, r.Elapsed = c.plan.Mode, c.to.String(), time.Since(c.started)
	r.Seconds = r.Elapsed.Seconds()
	if c.plan.From.IsValid() {
		r.From = c.plan.From.Masked().String()
	}
	if last && r.Mode == Hold {
		r.Open = less(r.Opened, r.Closed+r.Resets)
	}
	if open := c.lastAt.Sub(c.started).Seconds(); r.Opened > 0 && open > 0 {
		r.Rate = float64(r.Opened) / open
	}
	r.Handshake, r.Answer = latency(c.handshake, last), latency(c.answer, last)
	return &r
}
