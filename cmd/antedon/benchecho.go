package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/meter"
)

// mostEcho is what the ports of one address suffice for.
const mostEcho = 25_000

// echoFlags are the flags of bench echo.
type echoFlags struct {
	servers echoServerList
	seconds seconds
	plan    contest.EchoPlan

	json, each, markdown bool
}

const benchEchoLong = `Measure an echo server with many connections, of which few have a request of 64 bytes under way, written in five ways: on our stack
and on the kernel's sockets in an event loop (package reactor) and with a goroutine for each connection, and on the kernel's
sockets in a bare epoll loop. Memory and CPU time are those of the server's process for each connection and each request; "both"
adds the load's, which is on the kernel's sockets for all; "kernel" is what the kernel's memory for small objects has grown by
for each connection, the load's ends included. The ratio is that of CPU time to the bare loop's. Ours is behind a TUN device.`

func newBenchEcho() *cobra.Command {
	f := echoFlags{
		servers: contest.EchoServers, seconds: seconds(1500 * time.Millisecond),
		plan: contest.EchoPlan{Conns: 10_000, Active: 100, Rounds: 3},
	}
	cmd := &cobra.Command{
		Use:     "echo",
		Short:   "What a server of 10,000 connections takes: event loop, goroutines and bare epoll",
		Long:    benchEchoLong,
		Example: "  antedon bench echo\n  antedon bench echo --server antedon-reactor,kernel-epoll --conns 1000 --active 10 --json",
		Args:    positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return isolated(func() error { return f.measure(cmd.Context(), cmd.OutOrStdout()) })
		},
	}
	fs := cmd.Flags()
	fs.Var(&f.servers, "server", "who takes part: "+contest.JoinEchoServers(contest.EchoServers))
	fs.IntVar(&f.plan.Conns, "conns", f.plan.Conns, "`N` connections")
	fs.IntVar(&f.plan.Active, "active", f.plan.Active, "`N` requests under way at a time")
	fs.IntVar(&f.plan.Rounds, "rounds", f.plan.Rounds, "`N` rounds of each")
	fs.Var(&f.seconds, "seconds", "how long each run is measured")
	fs.BoolVar(&f.each, "each", false, "tell of every round too")
	fs.BoolVar(&f.markdown, "markdown", false, "print the table in Markdown")
	addJSON(cmd, &f.json)
	return cmd
}

func (f *echoFlags) check() error {
	f.plan.Servers, f.plan.Time = f.servers, f.seconds.Duration()
	switch {
	case f.json && f.markdown:
		return usagef("--json and --markdown exclude each other")
	case f.plan.Conns < 1 || f.plan.Conns > mostEcho:
		return usagef("--conns %d: want 1 to %d", f.plan.Conns, mostEcho)
	case f.plan.Active < 1 || f.plan.Active > f.plan.Conns:
		return usagef("--active %d: want 1 to the number of connections", f.plan.Active)
	case f.plan.Rounds < 1:
		return usagef("--rounds %d: want at least 1", f.plan.Rounds)
	case f.plan.Time < 10*time.Millisecond || f.plan.Time > time.Minute:
		return usagef("--seconds %v: want 0.01 to 60", f.plan.Time)
	}
	return nil
}

var echoHead = []string{"stack", "API", "requests/s", "ratio", "CPU µs", "both", "bytes/conn", "kernel"}

// measure makes the rounds and tells of them.
func (f *echoFlags) measure(ctx context.Context, out io.Writer) error {
	bar := meter.Count(os.Stderr, "bench echo", len(f.servers)*f.plan.Rounds)
	rows := [][]string{echoHead}
	var failed error
	err := f.plan.Run(ctx, func() { bar.Add(1) }, func(l contest.EchoLine) {
		switch {
		case l.Round > 0 && !f.each:
		case f.json:
			failed = errors.Join(failed, printJSON(out, l))
		case l.Round > 0:
			bar.Hide()
			failed = errors.Join(failed, tellLine(out, l, false))
		default:
			rows = append(rows, echoRow(&l))
		}
	})
	bar.Stop()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if !f.json {
		failed = errors.Join(failed, printTable(out, rows, f.markdown))
	}
	return failed
}

func echoRow(l *contest.EchoLine) []string {
	ratio := "-"
	if l.Ratio > 0 {
		ratio = fmt.Sprintf("%.2f", l.Ratio)
	}
	return []string{
		string(l.Stack), string(l.API), fmt.Sprintf("%.0f", l.Rate), ratio, fmt.Sprintf("%.2f", l.CPU), fmt.Sprintf("%.2f", l.BothCPU),
		fmt.Sprintf("%.0f", l.Resident), fmt.Sprintf("%.0f", l.Slab),
	}
}

// echoServerList is a flag that takes a list of echo servers.
type echoServerList []contest.EchoServer

// Set parses s.
func (v *echoServerList) Set(s string) (err error) {
	*v, err = contest.ParseEchoServers(s)
	return err
}

// String returns the list as it may be given.
func (v *echoServerList) String() string { return contest.JoinEchoServers(*v) }

// Type names the value in help texts.
func (*echoServerList) Type() string { return "SERVER,..." }
