// Command gvisor is gVisor's contestant in antedon bench: its netstack on a TUN device, under the same load as the others.
//
//	antedon-bench-gvisor gvisor|gvisor-default [idle] <task >result
//
// antedon bench starts it in a namespace of its own; see internal/contest. It stands in a module of its own, so that nobody
// but who wants to measure needs gVisor.
//
// Concurrency: the TUN device is read by one goroutine, which runs to completion, and written by whoever has something to
// send: the shortest path that gVisor's interfaces allow.
//
// Limitations: one NIC with one queue.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
)

func main() {
	netlab.Init()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) < 2 || len(os.Args) > 3 || len(os.Args) == 3 && os.Args[2] != "idle" {
		return fmt.Errorf("usage: %s %s|%s [idle]: antedon bench starts this", os.Args[0], contest.GVisor, contest.GVisorDefault)
	}
	flavour := contest.Stack(os.Args[1])
	if len(os.Args) == 3 {
		return bench.IdleMain(context.Background(), os.Stdin, os.Stdout, bench.Who(flavour), openIdle(flavour))
	}
	return workload.Main(context.Background(), os.Stdin, os.Stdout, func(t *workload.Task) (workload.Network, error) {
		return open(flavour, t)
	})
}

// open makes a stack of a flavour on a device of its own.
func open(flavour contest.Stack, t *workload.Task) (workload.Network, error) {
	ep, err := openTUN(t)
	if err != nil {
		return nil, err
	}
	return newNetwork(ep, flavour, contest.Ours())
}
