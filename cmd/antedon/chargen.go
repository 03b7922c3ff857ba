package main

import (
	"context"
	"io"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/meter"
)

// chargen is the command of that name.
type chargen struct {
	stackFlags
	bytes   meter.Size
	seconds seconds
	native  bool
	json    bool
}

func newChargen() *cobra.Command {
	g := new(chargen)
	cmd := &cobra.Command{
		Use:   "chargen HOST PORT",
		Short: "Send a stream of characters and report how fast it went",
		Long: "Send the characters of RFC 864 to a TCP peer, such as \"antedon discard\" or \"nc -l\", and report how fast it went.\n" +
			"Without --bytes and --seconds the stream ends with a signal.",
		Example: "  antedon chargen --tun tun0 10.7.0.1 9 --bytes 1G\n  antedon chargen --native 127.0.0.1 9 --seconds 5",
		Args:    positional(2, 2, "HOST PORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPort(args[1]); err != nil {
				return err
			}
			address := net.JoinHostPort(args[0], args[1])
			return g.withNetwork(cmd, g.native, func(ctx context.Context, n network) error {
				return g.run(ctx, cmd, n, address)
			})
		},
	}
	fs := cmd.Flags()
	fs.Var(&g.bytes, "bytes", "send so much, a `SIZE` such as 64k, 100M or 1G")
	fs.Var(&g.seconds, "seconds", "send for so many `SECONDS`")
	addNative(cmd, &g.native)
	addJSON(cmd, &g.json)
	g.register(cmd)
	return cmd
}

// addNative adds the flag --native.
func addNative(cmd *cobra.Command, on *bool) {
	cmd.Flags().BoolVar(on, "native", false, "use the kernel's sockets, to compare")
}

// withNetwork runs fn on a stack of ours, or on the kernel's sockets.
func (f *stackFlags) withNetwork(cmd *cobra.Command, native bool, fn func(context.Context, network) error) error {
	if native {
		if f.tun != "" {
			return usagef("--native and --tun exclude each other")
		}
		if f.overUDP != "" {
			return usagef("--native and --over-udp exclude each other")
		}
		return orInterrupted(cmd.Context(), fn(cmd.Context(), kernel{}))
	}
	return f.withSession(cmd, func(ctx context.Context, s *session) error { return fn(ctx, s) })
}

func (g *chargen) run(ctx context.Context, cmd *cobra.Command, n network, address string) error {
	c, err := n.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	closed := make(chan error, 1) // by the peer
	go func() {
		_, err := io.Copy(io.Discard, c)
		closed <- err
	}()
	if g.seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.seconds.Duration())
		defer cancel()
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	m := meter.Start(os.Stderr, "send", int64(g.bytes))
	err = send(ctx, c, m, int64(g.bytes))
	if err == nil {
		err = c.(interface{ CloseWrite() error }).CloseWrite()
	}
	if err == nil {
		err = awaitClose(closed)
	}
	return reportTransfer(cmd, m.Stop(), transfer{Event: "sent", Peer: c.RemoteAddr().String(), Native: g.native}, g.json, err)
}

// send writes characters until limit, if that is not 0, or until ctx is done, which is no error.
func send(ctx context.Context, c net.Conn, m *meter.Meter, limit int64) error {
	text := characters()
	for sent := int64(0); limit == 0 || sent < limit; {
		b := text[sent%period:][:len(text)-period]
		if limit != 0 {
			b = b[:min(int64(len(b)), limit-sent)]
		}
		n, err := c.Write(b)
		m.Add(n)
		sent += int64(n)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitClose waits for the peer to say, by closing, that it has got everything; not every peer does.
func awaitClose(closed <-chan error) error {
	select {
	case err := <-closed:
		return err
	case <-time.After(antedon.DefaultCloseTimeout):
		return nil
	}
}

const (
	columns = 72
	glyphs  = 95                     // printable characters, space included
	period  = glyphs * (columns + 2) // of the stream
)

// characters returns the stream of RFC 864, one period and 1 MiB of it: so much can be written from any place in the
// period at once.
//
// "One popular pattern is 72 chraracter lines of the ASCII printing characters. There are 95 printing characters in the
// ASCII character set."
func characters() []byte {
	const size = period + 1<<20
	b := make([]byte, 0, size+columns+2)
	for line := 0; len(b) < size; line++ {
		for i := range columns {
			b = append(b, byte(' '+(line+i)%glyphs))
		}
		b = append(b, '\r', '\n')
	}
	return b[:size]
}

// transfer is the line that chargen and discard print with --json.
type transfer struct {
	Event   string  `json:"event"` // "sent" or "received"
	Peer    string  `json:"peer"`
	Native  bool    `json:"native"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	Gbps    float64 `json:"gbps"`
	Error   string  `json:"error,omitempty"`
}

// reportTransfer tells on standard error, or in JSON, what a transfer came to, and returns err.
func reportTransfer(cmd *cobra.Command, r meter.Report, t transfer, asJSON bool, err error) error {
	if asJSON {
		t.Bytes, t.Seconds, t.Gbps = r.Bytes, r.Elapsed.Seconds(), r.Rate()/1e9
		if err != nil {
			t.Error = describe(err)
		}
		if e := printJSON(cmd.OutOrStdout(), t); err == nil {
			err = e
		}
		return err
	}
	tell(cmd.ErrOrStderr(), "%s: %s %s, %s", cmd.Name(), t.Event, r, t.Peer)
	return err
}
