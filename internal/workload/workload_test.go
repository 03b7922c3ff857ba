package workload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/workload"
	"github.com/antedon-net/antedon/link/pipe"
)

var (
	server = netip.MustParsePrefix("10.0.0.1/24")
	client = netip.MustParsePrefix("10.0.0.2/24")
)

// stacks returns two stacks joined in memory, of which the first serves.
func stacks(t *testing.T) (_, _ *antedon.Stack) {
	a, b := pipe.New(pipe.Config{})
	var made []*antedon.Stack
	for i, dev := range []*pipe.Device{a, b} {
		s, err := antedon.New(dev, antedon.Config{Addrs: [][]netip.Prefix{{server}, {client}}[i]})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel() // nothing in the connections matters any more
			_ = s.Close(ctx)
		})
		made = append(made, s)
	}
	srv, err := workload.Serve(t.Context(), made[0], "tcp4")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return made[0], made[1]
}

func task(b workload.Bench, dir workload.Dir, streams int) *workload.Task {
	return &workload.Task{Bench: b, Dir: dir, Streams: streams, Time: 20 * time.Millisecond, Peer: server.Addr(), PeerPID: os.Getpid()}
}

// TestLoads puts every load on a stack, as a contestant's program does.
func TestLoads(t *testing.T) {
	_, c := stacks(t)
	for _, load := range []*workload.Task{
		task(workload.Bulk, workload.Send, 1), task(workload.Bulk, workload.Send, 4), task(workload.Bulk, workload.Recv, 3),
		task(workload.RR, "", 1), task(workload.RR, "", 2), task(workload.CRR, "", 1), task(workload.CRR, "", 5),
	} {
		in, err := json.Marshal(load)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		var r workload.Result
		err = workload.Main(t.Context(), bytes.NewReader(in), &out, func(*workload.Task) (workload.Network, error) { return c, nil })
		if err == nil {
			err = json.Unmarshal(out.Bytes(), &r)
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if r.Time < load.Time || r.Count == 0 || r.CPU <= 0 || r.PeerCPU <= 0 || r.Switches < 0 {
			t.Errorf("%s: got %+v", in, r)
		}
		if hasTrips := load.Bench != workload.CRR; hasTrips != (r.P50 > 0) || r.P99 < r.P50 || r.P999 < r.P99 {
			t.Errorf("%s: round trips %v, %v, %v", in, r.P50, r.P99, r.P999)
		}
	}
}

// TestProfile: the profile of a load is a file that pprof can read.
func TestProfile(t *testing.T) {
	_, c := stacks(t)
	load := task(workload.RR, "", 1)
	load.Profile = t.TempDir() + "/profile"
	if _, err := workload.Run(t.Context(), c, load); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(load.Profile)
	if err != nil || !bytes.HasPrefix(b, []byte("\x1f\x8b")) { // they are compressed by gzip
		t.Errorf("%q, %v", b, err)
	}
}

// short is a network whose connections lose the last byte of what is long.
type short struct{ *antedon.Stack }

func (s short) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.Stack.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return shortConn{c.(*antedon.Conn)}, nil
}

type shortConn struct{ *antedon.Conn }

func (c shortConn) Write(b []byte) (int, error) {
	lost := min(len(b)-1, 1)
	n, err := c.Conn.Write(b[:len(b)-lost])
	return n + lost, err
}

// mute is a network on whose first connection nothing comes until it is closed.
type mute struct {
	*antedon.Stack
	dialled atomic.Int32
}

func (m *mute) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := m.Stack.Dial(ctx, network, address)
	if err != nil || m.dialled.Add(1) > 1 {
		return c, err
	}
	return &muteConn{c.(*antedon.Conn), make(chan struct{})}, nil
}

type muteConn struct {
	*antedon.Conn
	closed chan struct{}
}

func (c *muteConn) Read([]byte) (int, error) {
	<-c.closed
	return 0, net.ErrClosed
}

func (c *muteConn) Close() error {
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return c.Conn.Close()
}

// TestMuteStream: nobody waits for a stream on which nothing comes.
func TestMuteStream(t *testing.T) {
	_, c := stacks(t)
	r, err := workload.Run(t.Context(), &mute{Stack: c}, task(workload.Bulk, workload.Recv, 3))
	if err != nil || r.Count == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestErrors: a load that cannot be, or goes wrong, says so.
func TestErrors(t *testing.T) {
	_, c := stacks(t)
	lone := task(workload.RR, "", 1)
	lone.Peer = netip.MustParseAddr("10.0.0.7")
	gone := task(workload.RR, "", 1)
	gone.PeerPID = 1 << 23 // no process has so high a number
	for name, tt := range map[string]struct {
		n    workload.Network
		task *workload.Task
		want string
	}{
		"no such load":  {c, task("idle", "", 1), `no load "idle"`},
		"no direction":  {c, task(workload.Bulk, "", 1), `no load "bulk"`},
		"no streams":    {c, task(workload.RR, "", 0), "0 streams"},
		"no time":       {c, &workload.Task{Bench: workload.RR, Streams: 1, Peer: server.Addr()}, "a time of 0s"},
		"no peer":       {c, &workload.Task{Bench: workload.RR, Streams: 1, Time: 1}, "no peer"},
		"nobody there":  {c, lone, "context deadline exceeded"},
		"no process":    {c, gone, "CPU time of the peer"},
		"bytes go lost": {short{c}, task(workload.Bulk, workload.Send, 2), " bytes arrived"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if tt.task == lone {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 10*time.Millisecond)
				defer cancel()
			}
			if _, err := workload.Run(ctx, tt.n, tt.task); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one that says %q", err, tt.want)
			}
		})
	}
}
