package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

// TestLoads puts every load on every flavour, with the kernel as the other side, and on the kernel with gVisor as that.
func TestLoads(t *testing.T) {
	for flavour := range flavours {
		for _, base := range []workload.Task{
			{Peer: netip.MustParseAddr("10.7.0.1")}, {Peer: netip.MustParseAddr("fd07::1")},
			{Peer: netip.MustParseAddr("10.7.0.1"), NoOffload: true},
		} {
			t.Run(fmt.Sprintf("%s/%v/offload=%t", flavour, base.Peer, !base.NoOffload), func(t *testing.T) {
				kernel, n := lab(t, flavour, &base)
				load(t, n, kernel, base)
				base.Peer = base.Peer.Next() // which is ours
				load(t, kernel, n, base)
			})
		}
	}
}

// TestIdle holds a few connections, in memory.
func TestIdle(t *testing.T) {
	for flavour := range flavours {
		var out bytes.Buffer
		if err := bench.IdleMain(t.Context(), strings.NewReader("1000"), &out, bench.Who(flavour), openIdle(flavour)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`{"held":500}`, `"streams":1000,`, `"stack":"` + string(flavour) + `"`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: got %s, which lacks %s", flavour, &out, want)
			}
		}
	}
}

// lab returns a namespace and a stack on a device in it.
func lab(t *testing.T, flavour contest.Stack, task *workload.Task) (kernel, n workload.Network) {
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := ns.Do(func() (err error) { n, err = open(flavour, task); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.(*network).stack.Destroy)
	return ns, n
}

// load puts every load on a network with another as the other side.
func load(t *testing.T, n, other workload.Network, task workload.Task) {
	version := "tcp4"
	if task.Peer.Is6() {
		version = "tcp6"
	}
	srv, err := workload.Serve(t.Context(), other, version)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	}()
	task.Streams, task.Time = 2, 20*time.Millisecond
	for _, l := range []struct {
		bench workload.Bench
		dir   workload.Dir
	}{{workload.Bulk, workload.Send}, {workload.Bulk, workload.Recv}, {workload.RR, ""}, {workload.CRR, ""}} {
		task.Bench, task.Dir = l.bench, l.dir
		if r, err := workload.Run(t.Context(), n, &task); err != nil || r.Count == 0 {
			t.Errorf("%+v: got %+v, %v", l, r, err)
		}
	}
}

// TestVnet: the kernel is told where the checksum goes, and to cut what is longer than a segment.
func TestVnet(t *testing.T) {
	gso := stack.GSO{Type: stack.GSOTCPv6, NeedsCsum: true, CsumOffset: header.TCPChecksumOffset, MSS: 1000, L3HdrLen: 40}
	for payload, want := range map[int][vnetLen]byte{
		1000: {1, 0, 60, 0, 0, 0, 40, 0, 16, 0},
		1001: {1, 4, 60, 0, 0xe8, 3, 40, 0, 16, 0},
	} {
		p := stack.NewPacketBuffer(stack.PacketBufferOptions{
			ReserveHeaderBytes: 60, Payload: buffer.MakeWithData(make([]byte, payload)),
		})
		p.TransportHeader().Push(20)
		p.NetworkHeader().Push(40)
		p.GSOOptions = gso
		var got [vnetLen]byte
		putVnet(&got, p)
		if got != want {
			t.Errorf("%d bytes: got %v, want %v", payload, got, want)
		}
		p.DecRef()
	}
}
