package simnet

import (
	"math"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// MaxBytes is how many bytes the applications of a scenario write at most, unless Draw is told otherwise; roughly.
const MaxBytes = 6 << 20

// Draw makes up a scenario whose applications write about most bytes at most.
func Draw(src Source, most int) *Scenario {
	d := dice{src}
	s := &Scenario{
		Mode: pick(d, Plain, Plain, Plain, Cut, Super),
		IPv6: d.half(),
		MTU:  pick(d, 1500, 1500, 1280, 1400, 9000, 65535),
	}
	if !s.IPv6 && d.oneIn(4) {
		s.MTU = pick(d, 576, 256, 128)
	}
	for range d.between(2, 6) {
		s.Hosts = append(s.Hosts, d.host(s))
	}
	s.drawPaths(d)
	budget := d.upTo(min(pick(d, 10_000, 300_000, MaxBytes/2), most/2))
	talks := d.between(1, 20)
	for i := range talks {
		s.Talks = append(s.Talks, d.talk(s, i, budget/talks))
	}
	if d.oneIn(4) {
		s.drawLink(d)
	}
	if d.oneIn(3) {
		s.drawFastOpen(d)
	}
	if s.Mode != Plain && d.half() {
		s.drawLong(d)
	}
	return s
}

// drawLong gives hosts devices that take super-packets longer than an IP packet, and makes the paths short: there they are sent.
func (s *Scenario) drawLong(d dice) {
	for i := range s.Hosts {
		s.Hosts[i].NIC.Long = pick(d, LongNone, LongAsOthers, LongCut, LongDropped)
		if s.Mode == Super && s.Hosts[i].NIC.Long == LongDropped {
			s.Hosts[i].NIC.Long = LongCut // there nothing is lost
		}
	}
	for i := range s.Paths {
		p := &s.Paths[i]
		p.Delay, p.Jitter = d.upToTime(300*time.Microsecond), 0
	}
}

// drawFastOpen lets conversations begin with text in the SYN. Not those that are repeated on the same ports: an old SYN with
// a cookie would be taken for the next one's.
func (s *Scenario) drawFastOpen(d dice) {
	for i := range s.Hosts {
		s.Hosts[i].FastOpen = d.size(1, 16)
	}
	for i := range s.Talks {
		if t := &s.Talks[i]; t.Again == 0 && t.ISS == nil && !t.Both && !t.Refused && d.half() {
			t.FastOpen, t.Dialler.Early = true, true
		}
	}
}

// drawLink makes all paths to one host, or all paths there are, share a link.
func (s *Scenario) drawLink(d dice) {
	s.Links = []LinkPlan{{Rate: int64(d.size(100_000, 100_000_000)), Queue: d.size(2, 200)}}
	to, all := d.upTo(len(s.Hosts)-1), d.half()
	if s.Mode == Super {
		s.Links[0].Queue = 100_000 // there a path loses nothing
	}
	for i := range s.Paths {
		if p := &s.Paths[i]; all || p.To == to {
			p.Link = 1
		}
	}
}

func (d dice) host(s *Scenario) HostPlan {
	h := HostPlan{
		TCP:    d.tcp(s),
		Chunks: pick(d, ChunkFitting, ChunkFitting, ChunkLargest, ChunkNone),
		Secret: d.Uint64N(math.MaxUint64),
	}
	if d.oneIn(3) {
		h.NIC = NIC{Gap: time.Duration(1 + d.upTo(100_000)), Room: d.size(1, 64)}
	}
	if d.oneIn(4) {
		h.Backlog, h.Delay = d.size(1, 8), d.upToTime(3*time.Second)
	}
	return h
}

// tcp draws how a host's connections behave. Their patience is large: a connection that gives up has to have a reason.
func (d dice) tcp(s *Scenario) tcp.Config {
	c := tcp.Config{
		SYNRetries: 25, SYNACKRetries: 20, DataRetries: 20, OrphanRetries: 20,
		NoTimestamps: d.oneIn(4), NoSACK: d.oneIn(4), NoWindowScale: d.oneIn(4),
		NoIdleRestart: d.oneIn(4),
		InitialWindow: pick(d, 10, 10, 1, 2, 4, 100),
		// Longer than the last acknowledgments take to get through, however many of them are lost: else the peer would
		// learn of the end by a RST.
		TimeWait: 20 * time.Minute,
	}
	if d.oneIn(3) {
		c.RecvBuffer = d.size(256, 1<<17)
		c.InitialRecvBuffer = pick(d, 0, d.size(256, c.RecvBuffer))
	}
	if d.oneIn(4) {
		c.SendBuffer = d.size(2048, 1<<17)
	}
	if d.oneIn(3) {
		c.MSS = d.size(48, s.MTU)
	}
	if d.oneIn(4) {
		c.DelayedACK = time.Duration(d.between(1, 500)) * time.Millisecond
	}
	c.Congestion = pick(d, append([]string{""}, congestion.Names()...)...)
	c.Pacing, c.NoHyStart, c.ABE = d.oneIn(4), d.oneIn(8), d.half()
	c.ECN = pick(d, tcp.ECNAccept, tcp.ECNAccept, tcp.ECNRequest, tcp.ECNOff)
	if d.oneIn(4) {
		c.MinRTO = time.Duration(d.between(1, 1000)) * time.Millisecond
	}
	c.ECN = pick(d, tcp.ECNAccept, tcp.ECNAccept, tcp.ECNRequest, tcp.ECNRequest, tcp.ECNOff)
	return c
}

// drawPaths connects every host with every other.
func (s *Scenario) drawPaths(d dice) {
	base := d.path(s.Mode != Super)
	doom := time.Duration(0)
	if d.oneIn(16) {
		doom = time.Millisecond + d.upToTime(20*time.Second)
	}
	for i := range s.Hosts {
		for j := range s.Hosts {
			p := PathPlan{From: i, To: j, Plan: base, DieAt: doom}
			if d.oneIn(4) {
				p.Plan = d.path(s.Mode != Super)
			}
			if p.Seed = d.Uint64N(math.MaxUint64); d.oneIn(8) {
				p.Pause, p.PauseAt = d.upToTime(20*time.Second), d.upToTime(20*time.Second)
			}
			if s.Mode != Super && s.MTU > 1280 && d.oneIn(4) {
				p.MTU, p.NarrowAt = d.size(minPathMTU(s.IPv6), s.MTU), d.upToTime(5*time.Second)
			}
			if i != j {
				s.Paths = append(s.Paths, p)
			}
		}
	}
}

// minPathMTU is the least MTU that hosts believe a router.
func minPathMTU(ipv6 bool) int {
	if ipv6 {
		return 1280
	}
	return 552
}

// path draws what a path does to packets. A rough one loses and changes them.
func (d dice) path(rough bool) impair.Plan {
	p := impair.Plan{Delay: d.upToTime(300 * time.Millisecond)}
	if d.oneIn(3) {
		p.Jitter = d.upToTime(100 * time.Millisecond)
	}
	if d.oneIn(4) {
		p.Rate = int64(d.size(64_000, 100_000_000))
	}
	if !rough {
		return p
	}
	rate := func(max float64) float64 {
		if d.half() {
			return 0
		}
		return max * d.fraction() * d.fraction()
	}
	p.Loss, p.Duplicate, p.Corrupt = rate(0.2), rate(0.2), rate(0.1)
	if p.Reorder = rate(0.3); p.Reorder > 0 && d.half() {
		p.Late = d.upToTime(5 * time.Second)
	}
	if p.Rate != 0 && d.half() {
		p.Queue = d.size(2, 100)
		p.ECN = d.upTo(p.Queue)
	}
	p.CE = rate(0.3)
	return p
}

// talk draws a conversation with about as many bytes as the budget.
func (d dice) talk(s *Scenario, i, budget int) Talk {
	t := Talk{Port: servicePort, At: d.upToTime(5 * time.Second), Seed: d.Uint64N(math.MaxUint64)}
	t.From = d.upTo(len(s.Hosts) - 1)
	t.To = (t.From + d.between(1, len(s.Hosts)-1)) % len(s.Hosts)
	if d.oneIn(16) {
		t.To = t.From
	}
	share := d.fraction()
	t.Dialler = d.script(int(share * float64(budget)))
	t.Listener = d.script(int((1 - share) * float64(budget)))
	t.Dialler.ReadMax = max(t.Dialler.ReadMax, int(t.Listener.Bytes/maxSteps))
	t.Listener.ReadMax = max(t.Listener.ReadMax, int(t.Dialler.Bytes/maxSteps))
	switch d.upTo(3) {
	case 1:
		t.Dialler.Early = d.half()
		t.Listener.After = d.Uint64N(t.Dialler.Bytes + 1)
	case 2:
		t.Dialler.Lead, t.Listener.Lead = uint64(d.size(1, 10_000)), uint64(d.size(1, 10_000))
	}
	own := uint16(1000 + 2*i)
	switch d.upTo(11) {
	case 0, 1:
		t.Port = own
		t.ISS = &[2]uint32{uint32(-d.size(0, 100_000)), uint32(-d.size(0, 100_000))}
	case 2, 3:
		t.Local, t.Again, t.After = own, d.between(1, 3), d.upToTime(3*time.Second)
	case 4:
		if t.From != t.To {
			t.Local, t.Port, t.Both = own, own+1, true
		}
	case 5:
		if t.Port = own + 1; d.half() {
			t.Refused = true
		} else {
			t.Port = servicePort
		}
	}
	return t
}

// maxSteps bounds the reads and writes of an application, more or less: each may be followed by a pause.
const maxSteps = 2000

// script draws what one side of a conversation does.
func (d dice) script(budget int) Script {
	c := Script{
		Bytes:    uint64(pick(d, d.size(0, 2*budget), d.upTo(2*budget))),
		WriteMax: d.size(1, 1<<17),
		ReadMax:  d.size(1, 1<<17),
		NoDelay:  d.half(), Cork: d.oneIn(8), QuickACK: d.oneIn(8), KeepAlive: d.oneIn(8),
	}
	c.WriteMax = max(c.WriteMax, int(c.Bytes/maxSteps))
	if d.oneIn(3) {
		c.WriteRest, c.WritePause = d.size(1, 100), d.upToTime(time.Second)
	}
	if d.oneIn(3) {
		c.ReadRest, c.ReadPause = d.size(1, 100), d.upToTime(time.Second)
	}
	if d.oneIn(4) {
		c.StallAt, c.StallFor = d.Uint64N(uint64(budget)+1), d.upToTime(3*time.Minute)
	}
	if d.oneIn(8) {
		c.IdleAt, c.IdleFor = d.Uint64N(uint64(budget)+1), d.upToTime(time.Minute)
	}
	if d.oneIn(4) {
		c.Slow = d.size(1, 20)
	}
	if d.oneIn(6) {
		c.Exit, c.ExitAt = pick(d, ExitAbort, ExitClose), d.Uint64N(uint64(2*budget)+1)
	}
	return c
}
