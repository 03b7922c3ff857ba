package lockstep

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// kernelSocket is one of the kernel's sockets. It does not block.
type kernelSocket struct {
	end   *kernelEndpoint
	fd    int
	index int // in end.sockets
}

func (s *kernelSocket) write(b []byte) error {
	n, err := unix.Write(s.fd, b)
	if err == nil && n < len(b) {
		err = fmt.Errorf("%d of %d bytes were taken", n, len(b))
	}
	return err
}

func (s *kernelSocket) read(b []byte) (int, error) {
	n, err := unix.Read(s.fd, b)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return max(n, 0), err
}

func (s *kernelSocket) readable() (int, error) { return unix.IoctlGetInt(s.fd, unix.SIOCINQ) }
func (s *kernelSocket) shutdown() error        { return unix.Shutdown(s.fd, unix.SHUT_WR) }

func (s *kernelSocket) close() error {
	s.end.sockets[s.index] = -1
	return unix.Close(s.fd)
}

func (s *kernelSocket) abort() error {
	if err := unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return err
	}
	return s.close()
}

// stateNames are the kernel's states as RFC 9293 spells them.
var stateNames = map[uint8]string{
	1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 7: "CLOSED",
	8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN", 11: "CLOSING",
}

func (s *kernelSocket) state() (string, error) {
	i, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return "", err
	}
	return stateNames[i.State], nil
}

func (s *kernelSocket) set(name string, n int) error {
	level, option := unix.IPPROTO_TCP, map[string]int{
		"nodelay": unix.TCP_NODELAY, "cork": unix.TCP_CORK, "quickack": unix.TCP_QUICKACK, "keepidle": unix.TCP_KEEPIDLE,
		"keepintvl": unix.TCP_KEEPINTVL, "keepcnt": unix.TCP_KEEPCNT, "usertimeout": unix.TCP_USER_TIMEOUT,
	}[name]
	switch {
	case name == "keepalive":
		level, option = unix.SOL_SOCKET, unix.SO_KEEPALIVE
	case option == 0:
		return fmt.Errorf("no such option: %s", name)
	}
	return unix.SetsockoptInt(s.fd, level, option, n)
}
