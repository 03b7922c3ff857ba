package main

import (
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/meter"
)

// netcat is the command of that name.
type netcat struct {
	stackFlags
	listen, keep, udp, noInput bool
	wait                       seconds

	in  *os.File
	out io.Writer // of UDP; TCP has output
	err io.Writer

	input  *inlet // of TCP, nil with --no-input
	output *outlet
}

func newNetcat() *cobra.Command {
	n := &netcat{in: os.Stdin}
	cmd := &cobra.Command{
		Use:   "netcat [-l] [-u] [HOST] PORT",
		Short: "Connect standard input and output to a TCP or UDP peer",
		Long: "Connect standard input and output to a TCP or UDP peer. The end of the input is the end of the stream to the peer;\n" +
			"netcat ends when the peer has closed too, as \"nc -N\" does. Over UDP it ends with -w or a signal.\n" +
			"Over TCP everything happens in one event loop: who does not read holds up who writes, and little is kept between.",
		Example: "  antedon netcat --tun tun0 10.7.0.1 80 <request\n" +
			"  antedon netcat --tun tun0 -l 8000 >file\n" +
			"  antedon netcat --tun tun0 -u -w 2 10.7.0.1 53\n" +
			"  antedon netcat --over-udp :7000,any --addr 10.9.0.1/24 -l 8000 >file",
		Args: positional(1, 2, "[HOST] PORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.out, n.err = cmd.OutOrStdout(), cmd.ErrOrStderr()
			address, err := n.address(args)
			if err != nil {
				return err
			}
			if n.udp {
				return n.withSession(cmd, func(ctx context.Context, s *session) error { return n.runUDP(ctx, s, address) })
			}
			return n.withLoop(cmd, func(ctx context.Context, s *session) error { return n.runTCP(ctx, s, address) })
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&n.listen, "listen", "l", false, "wait for a connection instead of making one")
	fs.BoolVarP(&n.keep, "keep", "k", false, "with -l: wait for another connection after each")
	fs.BoolVarP(&n.udp, "udp", "u", false, "UDP instead of TCP")
	fs.BoolVarP(&n.noInput, "no-input", "d", false, "do not read standard input")
	fs.VarP(&n.wait, "wait", "w", "end after so many `SECONDS` without connection or data")
	n.register(cmd)
	return cmd
}

// address joins HOST and PORT.
func (n *netcat) address(args []string) (string, error) {
	host, port := "", args[len(args)-1]
	if len(args) == 2 {
		host = args[0]
	}
	switch {
	case n.keep && !n.listen:
		return "", usagef("-k makes sense with -l only")
	case host == "" && !n.listen:
		return "", usagef("missing argument: want HOST PORT, or -l to listen")
	}
	return net.JoinHostPort(host, port), checkPort(port)
}

// checkPort accepts a number and leaves names to the resolver.
func checkPort(s string) error {
	if v, err := strconv.Atoi(s); err == nil && (v < 0 || v > 65535) || s == "" {
		return usagef("%q is no port", s)
	}
	return nil
}

// runTCP makes connections by calls that wait, and has the loop do the rest.
func (n *netcat) runTCP(ctx context.Context, s *session, address string) error {
	n.output = newOutlet(s.loop, unix.Stdout, os.Stdout.Name())
	if !n.noInput {
		n.input = newInlet(s.loop, unix.Stdin, os.Stdin.Name())
	}
	if n.listen {
		return n.listenTCP(ctx, s, address)
	}
	dialCtx := ctx
	if n.wait > 0 {
		var cancel context.CancelFunc
		dialCtx, cancel = context.WithTimeout(ctx, n.wait.Duration())
		defer cancel()
	}
	c, err := s.Dial(dialCtx, "tcp", address)
	if err != nil {
		return err
	}
	n.say("connected to %v from %v", c.RemoteAddr(), c.LocalAddr())
	return n.talk(ctx, s, c.(*antedon.Conn))
}

// say prints a line if -v asks for it.
func (n *netcat) say(format string, args ...any) {
	if n.verbose {
		tell(n.err, "netcat: "+format, args...)
	}
}

func (n *netcat) listenTCP(ctx context.Context, s *session, address string) error {
	ln, err := s.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer ln.Close()
	n.say("listening on %s", strings.Join(s.hosts(ln.Addr()), " "))
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	if n.keep {
		return n.serve(ctx, s, ln)
	}
	c, err := n.accept(ctx, ln)
	if err != nil {
		return err
	}
	ln.Close()
	return n.talk(ctx, s, c)
}

// serve talks to one peer after the other until a signal or -w ends it. What becomes of one does not bother the next.
func (n *netcat) serve(ctx context.Context, s *session, ln net.Listener) error {
	for {
		c, err := n.accept(ctx, ln)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := n.talk(ctx, s, c); err != nil {
			n.say("%s", describe(err))
		}
	}
}

// accept waits for a connection, as long as -w allows.
func (n *netcat) accept(ctx context.Context, ln net.Listener) (*antedon.Conn, error) {
	if n.wait > 0 {
		d := ln.(interface{ SetDeadline(time.Time) error })
		if err := d.SetDeadline(time.Now().Add(n.wait.Duration())); err != nil {
			return nil, err
		}
	}
	c, err := ln.Accept()
	if err != nil {
		return nil, orInterrupted(ctx, err)
	}
	n.say("connection from %v", c.RemoteAddr())
	return c.(*antedon.Conn), nil
}

// isTyped reports whether the input comes from somebody at a terminal, who need not be waited for.
func isTyped(in *os.File) bool { return meter.IsTerminal(in) }
