package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon"
)

// ping is the command of that name.
type ping struct {
	stackFlags
	count    int
	size     int
	ttl      int
	interval seconds
	wait     seconds
	json     bool
}

func newPing() *cobra.Command {
	p := &ping{interval: seconds(time.Second), wait: seconds(time.Second)}
	cmd := &cobra.Command{
		Use:     "ping HOST",
		Short:   "Send ICMP echo requests and print the answers",
		Example: "  antedon ping --tun tun0 -c 3 10.7.0.1\n  antedon ping --tun tun0 -c 1 --json fd07::1",
		Args:    positional(1, 1, "HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.checkPing(); err != nil {
				return err
			}
			return p.withSession(cmd, func(ctx context.Context, s *session) error {
				return p.run(ctx, cmd.OutOrStdout(), s, args[0])
			})
		},
	}
	fs := cmd.Flags()
	fs.IntVarP(&p.count, "count", "c", 0, "stop after `N` requests (default: with a signal)")
	fs.IntVarP(&p.size, "size", "s", 56, "`BYTES` of payload")
	fs.IntVarP(&p.ttl, "ttl", "t", 0, "TTL or hop limit `N` (default 64)")
	fs.VarP(&p.interval, "interval", "i", "`SECONDS` from one request to the next")
	fs.VarP(&p.wait, "wait", "W", "`SECONDS` to wait for an answer")
	addJSON(cmd, &p.json)
	p.register(cmd)
	return cmd
}

func (p *ping) checkPing() error {
	switch {
	case p.count < 0:
		return usagef("-c %d: want a number of requests", p.count)
	case p.size < 0 || p.size > 65000:
		return usagef("-s %d: want 0 to 65000 bytes", p.size)
	case p.ttl < 0 || p.ttl > 255:
		return usagef("-t %d: want 1 to 255", p.ttl)
	case p.wait == 0:
		return usagef("-W 0: want a time to wait")
	}
	return nil
}

// pingReply is a line of the command with --json; err is empty for a reply.
type pingReply struct {
	Seq   int     `json:"seq"`
	From  string  `json:"from,omitempty"`
	Bytes int     `json:"bytes,omitempty"`
	TTL   int     `json:"ttl,omitempty"`
	MS    float64 `json:"ms,omitempty"`
	Error string  `json:"error,omitempty"`
}

// pingSummary is the last line with --json.
type pingSummary struct {
	Host     string  `json:"host"`
	Sent     int     `json:"sent"`
	Received int     `json:"received"`
	MinMS    float64 `json:"min_ms"`
	AvgMS    float64 `json:"avg_ms"`
	MaxMS    float64 `json:"max_ms"`
}

func (p *ping) run(ctx context.Context, out io.Writer, s *session, host string) error {
	remote, err := resolveHost(ctx, host, s.addrs)
	if err != nil {
		return err
	}
	pinger, err := s.NewPinger(s.source, remote)
	if err != nil {
		return err
	}
	defer pinger.Close()
	if !p.json {
		if _, err := fmt.Fprintf(out, "PING %s, %d bytes of payload\n", remote, p.size); err != nil {
			return err
		}
	}
	sum := pingSummary{Host: remote.String()}
	pause := time.NewTicker(max(p.interval.Duration(), time.Millisecond))
	defer pause.Stop()
	for seq := 1; ctx.Err() == nil; seq++ {
		if err := p.once(ctx, out, pinger, seq, &sum); err != nil {
			return err
		}
		if seq == p.count {
			break
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	if err := p.printSummary(out, &sum); err != nil {
		return err
	}
	if sum.Received == 0 {
		return fmt.Errorf("%s does not answer", remote)
	}
	return nil
}

// resolveHost returns an address of a kind that we have too.
func resolveHost(ctx context.Context, host string, ours []netip.Prefix) (netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range addrs {
		for _, p := range ours {
			if a.Unmap().Is4() == p.Addr().Is4() {
				return a.Unmap(), nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("%s has no address of our kind", host)
}

// once sends one request and prints what becomes of it.
func (p *ping) once(ctx context.Context, out io.Writer, pinger *antedon.Pinger, seq int, sum *pingSummary) error {
	limit, cancel := context.WithTimeout(ctx, p.wait.Duration())
	defer cancel()
	payload := make([]byte, p.size)
	for i := range payload {
		payload[i] = byte(i)
	}
	sum.Sent++
	echo, err := pinger.Ping(limit, uint16(seq), payload, uint8(p.ttl))
	r := pingReply{Seq: seq}
	switch {
	case ctx.Err() != nil:
		sum.Sent--
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		r.Error = "no answer"
	case err != nil:
		return err
	case echo.Err != 0:
		r.From, r.Error = echo.From.String(), echo.Err.Error()
	case string(echo.Payload) != string(payload):
		r.From, r.Error = echo.From.String(), "the payload came back changed"
	default:
		r.From, r.Bytes, r.TTL, r.MS = echo.From.String(), len(echo.Payload), int(echo.TTL), milliseconds(echo.RTT)
		sum.add(r.MS)
	}
	if p.json {
		return printJSON(out, r)
	}
	return r.print(out)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (s *pingSummary) add(ms float64) {
	if s.Received == 0 || ms < s.MinMS {
		s.MinMS = ms
	}
	s.MaxMS = max(s.MaxMS, ms)
	s.AvgMS += (ms - s.AvgMS) / float64(s.Received+1)
	s.Received++
}

func (r *pingReply) print(w io.Writer) error {
	var err error
	switch {
	case r.Error != "" && r.From != "":
		_, err = fmt.Fprintf(w, "from %s: seq=%d %s\n", r.From, r.Seq, r.Error)
	case r.Error != "":
		_, err = fmt.Fprintf(w, "seq=%d %s\n", r.Seq, r.Error)
	default:
		_, err = fmt.Fprintf(w, "%d bytes from %s: seq=%d ttl=%d time=%.3f ms\n", r.Bytes, r.From, r.Seq, r.TTL, r.MS)
	}
	return err
}

func (p *ping) printSummary(w io.Writer, sum *pingSummary) error {
	if p.json {
		return printJSON(w, sum)
	}
	times := ""
	if sum.Received > 0 {
		times = fmt.Sprintf(", min/avg/max %.3f/%.3f/%.3f ms", sum.MinMS, sum.AvgMS, sum.MaxMS)
	}
	_, err := fmt.Fprintf(w, "%d sent, %d received%s\n", sum.Sent, sum.Received, times)
	return err
}
