package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link/tun"
)

// A leaver is a namespace in which stacks come and go on a TUN device that stays.
type leaver struct {
	*netlab.Namespace
	noOffload bool
}

const leaverLink = "stays"

var (
	leaverKernel = []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24"), netip.MustParsePrefix("fd07::1/64")}
	leaverOurs   = []netip.Prefix{netip.MustParsePrefix("10.7.0.2/24"), netip.MustParsePrefix("fd07::2/64")}
)

func newLeaver(t *testing.T, noOffload bool) *leaver {
	t.Helper()
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, ns.Close()) })
	l := &leaver{ns, noOffload}
	dev := l.open(t)
	defer dev.Close()
	for _, p := range leaverKernel {
		check(t, dev.AddAddr(p))
	}
	check(t, dev.SetUp())
	return l
}

func (l *leaver) open(t *testing.T) (dev *tun.Device) {
	t.Helper()
	open := func() (err error) {
		dev, err = tun.Open(tun.Config{Name: leaverLink, Persist: true, NoOffload: l.noOffload})
		return err
	}
	err := l.Do(open)
	// A process that another test is starting has our descriptors for a moment, until it is another program.
	for ctx := bounded(t); errors.Is(err, syscall.EBUSY) && ctx.Err() == nil; runtime.Gosched() {
		err = l.Do(open)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// TestLastBytes closes the stack right after the last Write, as a command that exits does, 200 times each way. Nobody
// answers for us from then on: what did not arrive by then never will.
func TestLastBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		noOffload bool
		tail      int64
	}{
		{"small", false, 10},
		{"large", false, 1 << 20},
		{"small without offload", true, 10},
		{"large without offload", true, 1 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLeaver(t, c.noOffload)
			for i := range 200 {
				if !t.Run(fmt.Sprint(i), func(t *testing.T) { l.leave(t, c.tail, i) }) {
					return
				}
			}
		})
	}
}

// leave makes a connection, sends the tail and closes the stack. How exactly depends on i.
func (l *leaver) leave(t *testing.T, tail int64, i int) {
	stack, err := antedon.New(l.open(t), antedon.Config{Addrs: leaverOurs})
	if err != nil {
		t.Fatal(err)
	}
	kernel, ours := leaverKernel[i&1].Addr(), leaverOurs[i&1].Addr()
	c := corner{client: stack, server: l.Namespace, from: ours, to: kernel}
	if i&2 != 0 {
		c = corner{client: l.Namespace, server: stack, from: kernel, to: ours, ours: true}
	}
	conn, peer := c.pair(t)
	received := make(chan error, 1)
	go func() { received <- receiveAll(peer, t.Name(), tail) }()
	check(t, send(conn, t.Name(), tail))
	switch {
	case i&4 != 0:
		check(t, conn.Close())
	case i&8 != 0:
		check(t, conn.CloseWrite())
	}
	check(t, stack.Close(bounded(t)))
	check(t, <-received)
}

// TestCommandExits does the same with processes.
func TestCommandExits(t *testing.T) {
	t.Parallel()
	l := newLeaver(t, false)
	for i := range 20 {
		tail := int64(10)
		if i&2 != 0 {
			tail = 1 << 20
		}
		ln, err := l.Listen(bounded(t), "tcp", netip.AddrPortFrom(leaverKernel[i&1].Addr(), 0).String())
		if err != nil {
			t.Fatal(err)
		}
		cmd := l.Command(bounded(t), "/proc/self/exe", ln.Addr().String(), fmt.Sprint(tail))
		cmd.Env = append(os.Environ(), partVar+"=leave")
		received := make(chan error, 1)
		go func() {
			c, err := ln.Accept()
			if err == nil {
				defer c.Close()
				err = receiveAll(c, "tail", tail)
			}
			received <- err
		}()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		check(t, <-received)
		ln.Close()
	}
}

// playLeave sends a tail, of the length in the second argument, to the address in the first, and exits.
func playLeave() error {
	dev, err := tun.Open(tun.Config{Name: leaverLink})
	if err != nil {
		return err
	}
	stack, err := antedon.New(dev, antedon.Config{Addrs: leaverOurs})
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := stack.Dial(ctx, "tcp", os.Args[1])
	if err != nil {
		return err
	}
	tail, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		return err
	}
	if err := send(c, "tail", tail); err != nil {
		return err
	}
	return stack.Close(ctx)
}
