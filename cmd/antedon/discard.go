package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/meter"
)

// discard is the command of that name.
type discard struct {
	stackFlags
	count  int
	native bool
	json   bool
}

func newDiscard() *cobra.Command {
	d := new(discard)
	cmd := &cobra.Command{
		Use:     "discard PORT",
		Short:   "Accept TCP connections, drop what arrives and report how fast it came",
		Example: "  antedon discard --tun tun0 9\n  antedon discard --native 9 --count 1",
		Args:    positional(1, 1, "PORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPort(args[0]); err != nil {
				return err
			}
			if d.count < 0 {
				return usagef("--count %d: want a number of connections", d.count)
			}
			return d.withNetwork(cmd, d.native, func(ctx context.Context, n network) error {
				return d.run(ctx, cmd, n, ":"+args[0])
			})
		},
	}
	cmd.Flags().IntVar(&d.count, "count", 0, "end after `N` connections (default: with a signal)")
	addNative(cmd, &d.native)
	addJSON(cmd, &d.json)
	d.register(cmd)
	return cmd
}

// run serves connections until there have been enough, or until ctx is done; then it ends those under way.
func (d *discard) run(ctx context.Context, cmd *cobra.Command, n network, address string) error {
	ln, err := n.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer ln.Close()
	tell(cmd.ErrOrStderr(), "discard: listening on %s", strings.Join(n.hosts(ln.Addr()), " "))
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	var (
		sinks sync.WaitGroup
		mu    sync.Mutex // one report at a time
		fails error
	)
	defer sinks.Wait()
	for i := 0; d.count == 0 || i < d.count; i++ {
		c, err := ln.Accept()
		if err != nil {
			sinks.Wait()
			if ctx.Err() != nil {
				return fails
			}
			return err
		}
		sinks.Go(func() {
			m, err := sink(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			err = reportTransfer(cmd, m, transfer{Event: "received", Peer: c.RemoteAddr().String(), Native: d.native}, d.json, err)
			if err != nil && d.count > 0 {
				fails = errors.Join(fails, err)
			}
		})
	}
	sinks.Wait()
	return fails
}

// sink reads everything from c, and ends c when ctx is done.
func sink(ctx context.Context, c net.Conn) (meter.Report, error) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	m := meter.Start(os.Stderr, "receive", 0)
	_, err := io.Copy(m, c)
	if ctx.Err() != nil {
		err = nil
	}
	return m.Stop(), err
}
