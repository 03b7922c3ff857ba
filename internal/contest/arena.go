package contest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
)

// A run may take runLimit beside the time that counts, and connLimit for each of its streams: they connect one after the other.
const (
	runLimit  = 40 * time.Second
	connLimit = 10 * time.Millisecond
)

// The addresses of the other side, and of the contestant.
var (
	theirs = []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24"), netip.MustParsePrefix("fd07::1/64")}
	ours   = []netip.Prefix{netip.MustParsePrefix("10.7.0.2/24"), netip.MustParsePrefix("fd07::2/64")}
)

// An arena is the place of one run.
type arena struct {
	server, client *netlab.Namespace // the same unless a pair of veths joins them
	addr           netip.Addr        // of the server
	close          func() error
}

// newArena makes the place for a stack. The device of any but the kernel is made by the contestant itself.
func newArena(s Stack, t *workload.Task, ipv6 bool) (*arena, error) {
	a := new(arena)
	if s == Kernel {
		pair, err := netlab.NewPair(netlab.Options{MTU: t.MTU, Kernel: theirs, Ours: ours})
		if err != nil {
			return nil, err
		}
		a.server, a.client, a.close = pair.A.Namespace, pair.B.Namespace, pair.Close
	} else {
		ns, err := netlab.NewNamespace()
		if err != nil {
			return nil, err
		}
		a.server, a.client, a.close = ns, ns, ns.Close
	}
	a.addr = theirs[0].Addr()
	if ipv6 {
		a.addr = theirs[1].Addr()
	}
	return a, nil
}

// run runs a task on a stack, in a place made for it.
func run(ctx context.Context, s Stack, program []string, t workload.Task, ipv6 bool) (_ *workload.Result, err error) {
	limit := t.Time + runLimit + time.Duration(t.Streams)*connLimit
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no result within %v", limit))
	defer cancel()
	a, err := newArena(s, &t, ipv6)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	pid, err := a.serve(ctx, ipv6)
	if err != nil {
		return nil, fmt.Errorf("the other side: %w", err)
	}
	t.Peer, t.PeerPID = a.addr, pid
	return a.contend(ctx, program, &t)
}

// serve starts the other side, which ends with the place, and waits until it listens.
func (a *arena) serve(ctx context.Context, ipv6 bool) (pid int, err error) {
	role := Stack(server4)
	if ipv6 {
		role = server6
	}
	argv, err := self(role)
	if err != nil {
		return 0, err
	}
	cmd := a.server.Command(ctx, argv[0], argv[1:]...)
	if _, err = cmd.StdinPipe(); err != nil { // whose end is its end
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	said := make([]byte, len(ready))
	_, err = io.ReadFull(out, said)
	go cmd.Wait() // until the place is closed, if not before
	return cmd.Process.Pid, err
}

// contend runs the contestant.
func (a *arena) contend(ctx context.Context, program []string, t *workload.Task) (*workload.Result, error) {
	task, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	cmd := a.client.Command(ctx, program[0], program[1:]...)
	cmd.Stdin = bytes.NewReader(task)
	out, err := cmd.Output()
	if err != nil {
		return nil, explain(ctx, err)
	}
	r := new(workload.Result)
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("its answer: %w", err)
	}
	return r, nil
}

// explain returns what the program had to say before it failed.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		said, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		if said != "" {
			return errors.New(said)
		}
	}
	return err
}
