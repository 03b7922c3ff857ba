package contest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
)

// EchoServer is an echo server: a stack, and what the program is written to.
type EchoServer struct {
	Stack Stack
	API   workload.API
}

// EchoServers are all of them.
var EchoServers = []EchoServer{
	{Antedon, workload.Reactor}, {Antedon, workload.Net}, {Kernel, workload.Reactor}, {Kernel, workload.Net}, bare,
}

// bare is what ratios are to.
var bare = EchoServer{Kernel, workload.Epoll}

// String returns the server in the form "antedon-reactor".
func (s EchoServer) String() string { return string(s.Stack) + "-" + string(s.API) }

// ParseEchoServers parses a list such as "antedon-reactor,kernel-epoll".
func ParseEchoServers(list string) ([]EchoServer, error) {
	var chosen []EchoServer
	for part := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(EchoServers, func(s EchoServer) bool { return s.String() == strings.TrimSpace(part) })
		switch {
		case i < 0:
			return nil, fmt.Errorf("unknown server %q: want some of %s", part, JoinEchoServers(EchoServers))
		case !slices.Contains(chosen, EchoServers[i]):
			chosen = append(chosen, EchoServers[i])
		}
	}
	return chosen, nil
}

// JoinEchoServers returns a list as ParseEchoServers takes it.
func JoinEchoServers(list []EchoServer) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.String()
	}
	return strings.Join(names, ",")
}

// EchoPlan measures echo servers with many connections, of which few have a request under way: what that takes of CPU time and
// memory.
type EchoPlan struct {
	Servers []EchoServer
	Conns   int
	Active  int // requests under way
	Rounds  int
	Time    time.Duration // that counts, of each run
}

// echoPort is where the servers listen.
const echoPort = 7

// echoSpare is how many descriptors the load has beside its connections.
const echoSpare = 64

// Run makes all rounds, each of one run of every server in an order that changes, and tells of each run and in the end of each
// server. step is called after each run.
func (p *EchoPlan) Run(ctx context.Context, step func(), each func(EchoLine)) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if most := int(min(limit.Max, 1<<30)) - echoSpare; p.Conns > most {
		return fmt.Errorf("this machine does not allow %d connections of one process, only %d (ulimit -Hn)", p.Conns, most)
	}
	runs := make(map[EchoServer][]EchoLine)
	for n := range p.Rounds {
		round := make(map[EchoServer]EchoLine)
		for i := range p.Servers {
			s := p.Servers[(n+i)%len(p.Servers)]
			l, err := p.run(ctx, s)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("%v: %w", s, err)
			}
			round[s] = l
			step()
		}
		for _, s := range p.Servers {
			l := round[s]
			l.Round = n + 1
			if b, ok := round[bare]; ok {
				l.Ratio = rounded(l.CPU / b.CPU)
			}
			runs[s] = append(runs[s], l)
			each(l)
		}
	}
	for _, s := range p.Servers {
		each(summariseEcho(runs[s]))
	}
	return nil
}

// run measures one server once, in a place made for it.
func (p *EchoPlan) run(ctx context.Context, s EchoServer) (_ EchoLine, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.Time+runLimit, fmt.Errorf("no result within %v", p.Time+runLimit))
	defer cancel()
	a, err := newArena(s.Stack, new(workload.Task), false)
	if err != nil {
		return EchoLine{}, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	t := workload.EchoTask{
		API: s.API, Server: netip.AddrPortFrom(ours[0].Addr(), echoPort), Conns: p.Conns, Active: p.Active, Time: p.Time,
	}
	role := Stack(echoKernel)
	if s.Stack == Antedon {
		role = echoAntedon
	}
	server, err := startEchoChild(ctx, a.client, role, &t)
	if err == nil {
		err = server.tidy()
	}
	if err != nil {
		return EchoLine{}, explain(ctx, err)
	}
	t.PID = server.cmd.Process.Pid
	resident, slab := bench.ResidentBytes(t.PID), bench.SlabBytes()
	load, err := startEchoChild(ctx, a.server, echoLoad, &t)
	if err != nil {
		return EchoLine{}, explain(ctx, err)
	}
	r := new(workload.Result)
	if err := json.NewDecoder(load.out).Decode(r); err != nil {
		return EchoLine{}, explain(ctx, fmt.Errorf("the load: %w", err))
	}
	if err = server.ask(); err != nil {
		return EchoLine{}, explain(ctx, err)
	}
	l := p.line(s, r)
	l.Resident = rounded(float64(bench.ResidentBytes(t.PID)-resident) / float64(p.Conns))
	l.Slab = rounded(float64(bench.SlabBytes()-slab) / float64(p.Conns))
	return l, nil
}

// echoChild is a process of a run. It ends with the place, if not before.
type echoChild struct {
	cmd *netlab.Cmd
	in  io.Writer
	out *bufio.Reader
}

func startEchoChild(ctx context.Context, ns *netlab.Namespace, role Stack, t *workload.EchoTask) (*echoChild, error) {
	argv, err := self(role)
	if err != nil {
		return nil, err
	}
	c := &echoChild{cmd: ns.Command(ctx, argv[0], argv[1:]...)}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out, c.cmd.Stderr = bufio.NewReader(out), os.Stderr
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = c.cmd.Wait() }) // every run ends its context
	return c, json.NewEncoder(c.in).Encode(t)
}

// tidy waits until the server has given back what it does not need.
func (c *echoChild) tidy() error {
	said, err := c.out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("it ends: %w", err)
	}
	if strings.TrimSpace(said) != workload.Tidy {
		return fmt.Errorf("it says %q", said)
	}
	return nil
}

func (c *echoChild) ask() error {
	if _, err := io.WriteString(c.in, "true\n"); err != nil {
		return err
	}
	return c.tidy()
}
