package workload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime/debug"
	"time"
)

// EchoTask says how an echo server is made, and what load it is put under.
type EchoTask struct {
	API    API            `json:"api"`    // that the server is written to
	Server netip.AddrPort `json:"server"` // where it listens

	Conns  int           `json:"conns"`
	Active int           `json:"active"` // requests under way at a time
	Time   time.Duration `json:"time"`   // that counts
	PID    int           `json:"pid"`    // of the server
}

// RequestBytes is how long a request is, and its answer.
const RequestBytes = 64

func (t *EchoTask) network() string {
	if t.Server.Addr().Is6() {
		return "tcp6"
	}
	return "tcp4"
}

// Tidy is what EchoMain says when it has given back the memory that it does not need: first when it listens, then for each line
// that it reads.
const Tidy = "tidy"

// EchoMain is what the program of an echo server does until its input ends. open makes the stack, and for the API Epoll returns
// nil. The stack ends with the program.
func EchoMain(ctx context.Context, in io.Reader, out io.Writer, open func(*EchoTask) (Network, error)) error {
	requests := json.NewDecoder(in)
	var t EchoTask
	if err := requests.Decode(&t); err != nil {
		return fmt.Errorf("workload: no task: %w", err)
	}
	n, err := open(&t)
	if err != nil {
		return err
	}
	if err := startEcho(ctx, n, &t); err != nil {
		return err
	}
	for {
		debug.FreeOSMemory()
		if _, err := fmt.Fprintln(out, Tidy); err != nil {
			return err
		}
		var again json.RawMessage // any value will do
		if err := requests.Decode(&again); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// startEcho starts the server, in goroutines of its own.
func startEcho(ctx context.Context, n Network, t *EchoTask) error {
	switch t.API {
	case Net:
		return echoInGoroutines(ctx, n, t)
	case Reactor:
		return echoInLoop(n, t)
	case Epoll:
		return echoBare(t)
	}
	return fmt.Errorf("workload: no echo server in %q", t.API)
}

// echoInGoroutines has a goroutine for each connection.
func echoInGoroutines(ctx context.Context, n Network, t *EchoTask) error {
	ln, err := n.Listen(ctx, t.network(), t.Server.String())
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { ln.Close() })
	go new(Server).accept(ln, echo)
	return nil
}
