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

	"github.com/antedon-net/antedon/internal/meter"
)

// netcat is the command of that name.
type netcat struct {
	stackFlags
	listen, keep, udp, noInput bool
	wait                       seconds

	in  io.Reader
	out io.Writer
	err io.Writer
}

func newNetcat() *cobra.Command {
	n := &netcat{in: os.Stdin}
	cmd := &cobra.Command{
		Use:   "netcat [-l] [-u] [HOST] PORT",
		Short: "Connect standard input and output to a TCP or UDP peer",
		Long: "Connect standard input and output to a TCP or UDP peer. The end of the input is the end of the stream to the peer;\n" +
			"netcat ends when the peer has closed too, as \"nc -N\" does. Over UDP it ends with -w or a signal.",
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
			return n.withSession(cmd, func(ctx context.Context, s *session) error { return n.run(ctx, s, address) })
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

func (n *netcat) run(ctx context.Context, s *session, address string) error {
	switch {
	case n.udp && n.listen:
		return n.listenUDP(ctx, s, address)
	case n.udp:
		return n.dialUDP(ctx, s, address)
	case n.listen:
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
	return n.talk(ctx, c.(stream), n.input())
}

// say prints a line if -v asks for it.
func (n *netcat) say(format string, args ...any) {
	if n.verbose {
		tell(n.err, "netcat: "+format, args...)
	}
}

// input is what goes to the peer, or nil for nothing, not even an end.
func (n *netcat) input() io.Reader {
	if n.noInput {
		return nil
	}
	return n.in
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
		return n.serve(ctx, ln)
	}
	c, err := n.accept(ctx, ln)
	if err != nil {
		return err
	}
	ln.Close()
	return n.talk(ctx, c, n.input())
}

// serve talks to one peer after the other until a signal or -w ends it. What becomes of one does not bother the next.
func (n *netcat) serve(ctx context.Context, ln net.Listener) error {
	var shared *sharedInput
	if in := n.input(); in != nil {
		shared = newSharedInput(in)
	}
	for {
		c, err := n.accept(ctx, ln)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if shared == nil {
			err = n.talk(ctx, c, nil)
		} else {
			t := shared.turn()
			err = n.talk(ctx, c, t)
			t.end()
		}
		if err != nil {
			n.say("%s", describe(err))
		}
	}
}

// accept waits for a connection, as long as -w allows.
func (n *netcat) accept(ctx context.Context, ln net.Listener) (stream, error) {
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
	return c.(stream), nil
}

// isTyped reports whether the input comes from somebody at a terminal, who need not be waited for.
func isTyped(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && meter.IsTerminal(f)
}
