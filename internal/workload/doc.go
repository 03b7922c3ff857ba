// Package workload is the application that benchmarks measure: a server with a few services, and the loads that a client
// puts on them. It is written once and knows nothing of the stack below, which every contestant brings as a Network.
//
//	go workload.Serve(ctx, peer, "tcp4")                   // in one process
//	result, err := workload.Run(ctx, own, &workload.Task{}) // in another
//
// Main wraps Run into a program: it reads a Task as JSON from standard input and writes a Result as JSON to standard output.
//
// EchoMain and EchoLoadMain are programs too: an echo server with many connections, written in several ways, and the load on it.
//
// # What is measured
//
// Every load runs for a short while before the time that counts. At its start and its end the meter reads the CPU time of this
// process and of the peer's, and the context switches of this one: nothing before and nothing after is charged.
//
// Beside a bulk load a probe exchanges bytes from time to time, in connections of its own: how long that takes is what others feel
// of the load.
//
// What a bulk load sends is counted when Write returns. In the end the server must have read exactly as much.
//
// # Concurrency
//
// One Run at a time in a process: the meter reads the process.
//
// # Limitations
//
// Linux only. What the kernel does for a process in threads of its own, such as ksoftirqd, is charged to nobody.
package workload

import (
	"context"
	"net"
)

// Network is what a stack has to offer to take part. It is how package net itself would do it.
type Network interface {
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
}
