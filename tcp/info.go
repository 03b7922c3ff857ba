package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// Info is what Linux's tcp_info tells, under its names. Sizes are in bytes unless they say segments.
type Info struct {
	State        State
	Options      string // "ts sack ecn wscale:7,8" as ss(8) prints: ours is the second scale
	CAState      string // "open", "cwr", "recovery" or "loss"
	Congestion   string
	RTO          time.Duration
	RTT          time.Duration // smoothed
	RTTVar       time.Duration
	MinRTT       time.Duration
	SndMSS       int
	RcvMSS       int
	AdvMSS       int
	PMTU         int
	Unacked      int // in flight
	Sacked       int
	Lost         int // found lost and not delivered, sent again or not
	Retrans      int // retransmission timeouts in a row
	Backoff      int
	SndCwnd      int
	SndSsthresh  int
	SndWnd       int
	RcvWnd       int
	RcvSpace     int           // size of the receive buffer
	RcvRTT       time.Duration // the round trip that sizes it, 0 if unknown
	NotSent      int           // written and never sent (SIOCOUTQNSD)
	ReadQueue    int           // arrived and not read (SIOCINQ)
	SendQueue    int           // written and not acknowledged (SIOCOUTQ)
	BytesSent    uint64
	BytesRetrans uint64
	BytesAcked   uint64
	BytesRecv    uint64
	SegsOut      uint64 // super-segments count once
	SegsIn       uint64
	TotalRetrans uint64 // segments
	Timeouts     uint64
	Recoveries   uint64
	ReceivedCE   uint64 // segments that came marked (ECN)
	ECNCuts      uint64 // reductions of the window for marks the peer told of
	Undone       uint64 // recoveries and timeouts taken back as spurious
	TailProbes   uint64
	MTUProbes    uint64
	DSACKDups    uint64        // DSACKs received
	Reordering   int           // segments
	Delivered    uint64        // bytes, SACKed ones included
	DeliveryRate int64         // bytes a second
	PacingRate   int64         // bytes a second, 0 if not paced
	LastDataSent time.Duration // ago; 0 if never
	LastRecv     time.Duration
	Age          time.Duration
}

// Info returns a picture of the connection.
func (c *Conn) Info(now mono.Time) Info {
	if c.active == nil {
		c.wake()
		defer c.rest()
	}
	rare := c.count.rare()
	i := Info{
		State: c.state, Options: c.optionString(), CAState: c.loss.phase.String(), Congestion: c.cc.Name(),
		RTO: c.rtt.timeout(c.cfg), RTT: c.rtt.srtt, RTTVar: c.rtt.rttvar, MinRTT: c.rtt.min,
		SndMSS: c.payloadMSS(), RcvMSS: c.rcv.mss, AdvMSS: int(c.rcv.advMSS), PMTU: c.mtu.path,
		Unacked: c.inFlight(), Sacked: c.loss.board.sacked.Covered(), Lost: c.loss.board.everLost(),
		Retrans: c.loss.retries, Backoff: int(c.rtt.backoff),
		SndCwnd: c.window(), SndSsthresh: c.cc.Threshold(), SndWnd: c.snd.wnd,
		RcvWnd: max(0, c.rcv.adv.Sub(c.rcv.nxt)), RcvSpace: c.rcv.size, RcvRTT: c.recvRTT(),
		NotSent: c.Unsent(), ReadQueue: c.rcv.buf.Len(), SendQueue: c.Unacked(),
		BytesSent: c.count.bytesSent, BytesRetrans: rare.bytesRetx,
		BytesAcked: c.bytesAcked(), BytesRecv: c.rcv.buf.Next(),
		SegsOut: c.count.segsOut, SegsIn: c.count.segsIn,
		TotalRetrans: rare.retransmits, Timeouts: rare.timeouts, Recoveries: rare.recoveries,
		ReceivedCE: c.ecn.known().marks, ECNCuts: c.ecn.known().reductions,
		Undone: rare.undone, TailProbes: rare.probes, MTUProbes: rare.mtuProbes, DSACKDups: rare.dsacks, Reordering: c.loss.reordering,
		Delivered: c.rate.delivered, DeliveryRate: c.rate.perSecond(), PacingRate: c.pacingRate(),
		LastRecv: now.Sub(c.user.lastHeard), Age: now.Sub(c.count.born),
	}
	if c.snd.lastSent != 0 {
		i.LastDataSent = now.Sub(c.snd.lastSent)
	}
	return i
}

// Received returns how many bytes of text have arrived in order.
func (c *Conn) Received() uint64 { return c.rcv.buf.Next() }

// HasTimestamps reports whether both ends use the timestamps option.
func (c *Conn) HasTimestamps() bool { return c.ts.ok }

// MinRTT returns the lowest round trip of late, 0 if none was measured.
func (c *Conn) MinRTT() time.Duration { return c.rtt.min }

// Silence returns for how long nothing has been heard of the peer.
func (c *Conn) Silence(now mono.Time) time.Duration { return now.Sub(c.user.lastHeard) }

// bytesAcked returns how much text the peer has acknowledged.
func (c *Conn) bytesAcked() uint64 {
	acked := int64(c.unaOffset()) // -1 if not even the SYN, and a FIN counts one
	return uint64(min(max(acked, 0), int64(c.snd.buf.End())))
}

func (c *Conn) optionString() string {
	b := make([]byte, 0, 32)
	if c.ts.ok {
		b = append(b, "ts "...)
	}
	if c.snd.sackOK {
		b = append(b, "sack "...)
	}
	if c.ecn.sends && c.state != StateSynSent {
		b = append(b, "ecn "...)
	}
	if c.fast != nil && (c.fast.taken || c.fast.result == FastOpenTaken) {
		b = append(b, "fastopen "...)
	}
	if c.snd.scaleOK {
		b = append(b, "wscale:"...)
		b = appendSmall(b, c.snd.scale)
		b = append(b, ',')
		b = appendSmall(b, c.rcv.scale)
		return string(b)
	}
	if len(b) > 0 {
		b = b[:len(b)-1]
	}
	return string(b)
}

func appendSmall(b []byte, v uint8) []byte {
	if v >= 10 {
		b = append(b, '0'+v/10)
	}
	return append(b, '0'+v%10)
}
