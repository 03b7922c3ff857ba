package workload

import (
	"fmt"
	"net/netip"
	"time"
)

// Bench names a kind of load.
type Bench string

// The kinds of load.
const (
	Bulk Bench = "bulk" // streams as fast as they go, in one direction
	RR   Bench = "rr"   // a byte there and a byte back
	CRR  Bench = "crr"  // connect, and close
)

// Dir is the direction of a bulk load, as the client sees it.
type Dir string

// The directions.
const (
	Send Dir = "send"
	Recv Dir = "recv"
)

// API names a programming interface that a load is written to.
type API string

// The interfaces.
const (
	Net     API = "net"     // package net's: a goroutine for each connection, and calls that wait
	Reactor API = "reactor" // package reactor's: an event loop, and callbacks; of RR and echo servers alone
	Epoll   API = "epoll"   // the kernel's own, without a library; of echo servers alone
)

// Task says what to measure.
type Task struct {
	Bench   Bench         `json:"bench"`
	Dir     Dir           `json:"dir,omitempty"` // of Bulk
	API     API           `json:"api,omitempty"` // Net if empty
	Streams int           `json:"streams"`       // connections, or for CRR workers, at a time
	Time    time.Duration `json:"time"`          // that counts, at least
	Peer    netip.Addr    `json:"peer"`          // where Serve listens
	PeerPID int           `json:"peer_pid"`      // the process that serves, whose CPU time is read
	Profile string        `json:"profile,omitempty"`

	// What follows is for the contestant that sets up its link.

	MTU       int  `json:"mtu,omitempty"`
	NoOffload bool `json:"no_offload,omitempty"`
}

// network is the name of the network that the peer is on.
func (t *Task) network() string {
	if t.Peer.Is6() {
		return "tcp6"
	}
	return "tcp4"
}

// at returns the address of a service.
func (t *Task) at(s service) string { return netip.AddrPortFrom(t.Peer, s.port()).String() }

// Result is what a load came to.
type Result struct {
	Time     time.Duration `json:"time"`     // measured
	Count    uint64        `json:"count"`    // bytes, exchanges or connections within it
	CPU      time.Duration `json:"cpu"`      // of this process
	PeerCPU  time.Duration `json:"peer_cpu"` // of the peer's
	Switches int64         `json:"switches"` // of context, voluntary and not, in this process

	// Of RR, and of the probe beside Bulk.
	P50  time.Duration `json:"p50,omitempty"`
	P99  time.Duration `json:"p99,omitempty"`
	P999 time.Duration `json:"p999,omitempty"`
}

// PerSecond returns the count by the time.
func (r *Result) PerSecond() float64 { return float64(r.Count) / r.Time.Seconds() }

func (t *Task) check() error {
	switch {
	case t.Streams < 1:
		return fmt.Errorf("workload: %d streams", t.Streams)
	case t.Time <= 0:
		return fmt.Errorf("workload: a time of %v", t.Time)
	case !t.Peer.IsValid():
		return fmt.Errorf("workload: no peer")
	}
	return nil
}
