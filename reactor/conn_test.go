package reactor_test

import (
	"testing"

	"github.com/antedon-net/antedon/internal/conntest"
	"github.com/antedon-net/antedon/reactor"
)

// TestConn checks the sockets of TCP against the contract that connections of other stacks keep as well.
func TestConn(t *testing.T) {
	conntest.Run(t, func(t testing.TB, l *reactor.Loop, dialled, accepted reactor.Handler) {
		ln, err := l.Listen("tcp", "127.0.0.1:0", func(reactor.Conn) reactor.Handler { return accepted })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Dial("tcp", ln.Addr().String(), dialled); err != nil {
			t.Fatal(err)
		}
	})
}
