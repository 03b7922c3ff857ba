package room

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/antedon-net/antedon/internal/netlab"
)

// A Room is two hosts. New makes one.
type Room struct {
	pair   *netlab.Pair
	mu     sync.Mutex
	open   []net.Listener
	server *http.Server
}

// Addresses of the remote host.
const (
	Remote4 = "10.7.0.2"
	Remote6 = "fd07::2"
)

// New makes a room. The process must be one that may make namespaces: see netlab.Isolate.
func New(ctx context.Context) (*Room, error) {
	pair, err := netlab.NewPair(netlab.Options{})
	if err != nil {
		return nil, err
	}
	r := &Room{pair: pair, server: newHTTP()}
	for _, s := range services {
		ln, err := pair.B.Listen(ctx, "tcp", s.address)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.open = append(r.open, ln)
		if s.handle == nil {
			go r.server.Serve(ln)
			continue
		}
		go serve(ln, s.handle)
	}
	return r, nil
}

// Host returns the namespace of the host that the driver works on.
func (r *Room) Host() *netlab.Namespace { return r.pair.A.Namespace }

// Remote returns the namespace of the remote host.
func (r *Room) Remote() *netlab.Namespace { return r.pair.B.Namespace }

// App returns an application on the host, to be started.
func (r *Room) App(ctx context.Context, name string, args ...string) *netlab.Cmd {
	return r.pair.A.Command(ctx, name, args...)
}

// Caller returns a program on the remote host, to be started.
func (r *Room) Caller(ctx context.Context, name string, args ...string) *netlab.Cmd {
	return r.pair.B.Command(ctx, name, args...)
}

// Close ends everything.
func (r *Room) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ln := range r.open {
		ln.Close()
	}
	r.open = nil
	r.server.Close()
	return r.pair.Close()
}
