package main

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

// TestLoads puts every load on every flavour, with the kernel as the other side.
func TestLoads(t *testing.T) {
	for flavour := range flavours {
		for _, base := range []workload.Task{
			{Peer: netip.MustParseAddr("10.7.0.1")}, {Peer: netip.MustParseAddr("fd07::1")},
			{Peer: netip.MustParseAddr("10.7.0.1"), NoOffload: true},
		} {
			t.Run(fmt.Sprintf("%s/%v/offload=%t", flavour, base.Peer, !base.NoOffload), func(t *testing.T) {
				n := lab(t, flavour, &base)
				for _, load := range []struct {
					bench workload.Bench
					dir   workload.Dir
				}{{workload.Bulk, workload.Send}, {workload.Bulk, workload.Recv}, {workload.RR, ""}, {workload.CRR, ""}} {
					task := base
					task.Bench, task.Dir, task.Streams, task.Time = load.bench, load.dir, 2, 20*time.Millisecond
					if r, err := workload.Run(t.Context(), n, &task); err != nil || r.Count == 0 {
						t.Errorf("%+v: got %+v, %v", load, r, err)
					}
				}
			})
		}
	}
}

// lab returns a stack in a namespace in which the kernel serves.
func lab(t *testing.T, flavour contest.Stack, task *workload.Task) workload.Network {
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	var n workload.Network
	if err := ns.Do(func() (err error) { n, err = open(flavour, task); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.(*network).stack.Destroy)
	version := "tcp4"
	if task.Peer.Is6() {
		version = "tcp6"
	}
	srv, err := workload.Serve(t.Context(), ns, version)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
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
