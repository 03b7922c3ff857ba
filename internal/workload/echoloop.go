package workload

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// echoInLoop has all connections in one event loop.
func echoInLoop(n Network, t *EchoTask) error {
	in, ok := n.(LoopNetwork)
	if !ok {
		return errNoLoop
	}
	err := in.ListenInLoop(t.network(), t.Server.String(), func(reactor.Conn) reactor.Handler { return new(echoer) })
	if err == nil {
		go in.Loop().Run()
	}
	return err
}

// echoer sends back what a connection receives. While the peer does not take it no more is read.
type echoer struct {
	backlog reactor.Backlog
}

func (*echoer) OnConnect(reactor.Conn) {}

func (e *echoer) OnReadable(c reactor.Conn) {
	b := c.Loop().Scratch()
	n, err := c.Read(b)
	if n > 0 && e.backlog.Send(c, b[:n]) == nil && e.backlog.Len() > 0 {
		c.PauseRead()
	}
	if errors.Is(err, io.EOF) {
		c.Close()
	}
}

func (e *echoer) OnWritable(c reactor.Conn) {
	if e.backlog.Flush(c) == nil && e.backlog.Len() == 0 {
		c.ResumeRead()
	}
}

func (*echoer) OnClose(reactor.Conn, error) {}

// epollBatch is how many events a bare loop is told of at once.
const epollBatch = 512

// echoBare is the loop that one would write without a library: no back-pressure, no timers, no end.
func echoBare(t *EchoTask) error {
	family, addr := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(t.Server.Port())})
	if t.Server.Addr().Is6() {
		family, addr = unix.AF_INET6, &unix.SockaddrInet6{Port: int(t.Server.Port())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	// What a listener accepts inherits it.
	if err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err == nil {
		err = unix.Bind(fd, addr)
	}
	if err == nil {
		err = unix.Listen(fd, 1<<15)
	}
	set := -1
	if err == nil {
		set, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	}
	if err == nil {
		err = watch(set, fd)
	}
	if err != nil {
		return os.NewSyscallError("listen", err)
	}
	go bareLoop(set, fd)
	return nil
}

func watch(set, fd int) error {
	return unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// bareLoop serves as long as the process lives.
func bareLoop(set, listener int) {
	events, b := make([]unix.EpollEvent, epollBatch), make([]byte, 64<<10)
	for {
		n, _ := unix.EpollWait(set, events, -1)
		for _, e := range events[:max(n, 0)] {
			fd := int(e.Fd)
			if fd == listener {
				if c, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC); err == nil {
					_ = watch(set, c)
				}
				continue
			}
			n, err := unix.Read(fd, b)
			if n <= 0 || err != nil {
				unix.Close(fd)
				continue
			}
			_, _ = unix.Write(fd, b[:n])
		}
	}
}
