package packet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/internal/rtnl"
)

const vnetHdrLen = 10

// bufferSize is what the socket's buffers are set to, if the kernel lets us: it counts the true size of packets, and a
// burst of super-packets must fit.
const bufferSize = 16 << 20

// addresses returns the destination and source addresses of our frames.
func addresses(cfg *Config, nl *rtnl.Conn, l *rtnl.Link) (string, error) {
	const length = 6
	if len(l.Addr) != length {
		return "", errors.New("it is no Ethernet interface")
	}
	peer := []byte(cfg.Peer)
	switch {
	case peer != nil:
	case l.Kind != "veth" || l.PeerAway:
		return "", errors.New("the hardware address of its other end is not known: set Config.Peer")
	default:
		other, err := nl.LinkByIndex(l.Peer)
		if err != nil {
			return "", fmt.Errorf("its other end: %w", err)
		}
		peer = other.Addr
	}
	if len(peer) != length {
		return "", fmt.Errorf("the peer's hardware address has %d bytes, must have %d", len(peer), length)
	}
	return string(peer) + string(l.Addr), nil
}

// socket returns a packet socket on an interface. It takes all protocols, since one socket cannot take just two.
func socket(index int) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	for _, opt := range []int{unix.PACKET_VNET_HDR, unix.PACKET_IGNORE_OUTGOING} {
		if err == nil {
			err = unix.SetsockoptInt(fd, unix.SOL_PACKET, opt, 1)
		}
	}
	if err == nil {
		enlarge(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
		enlarge(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: index})
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// enlarge makes a buffer as large as we want, or as large as we may.
func enlarge(fd, force, polite int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bufferSize) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, polite, bufferSize)
	}
}

func htons(n uint16) uint16 { return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n)) }

// explain turns the error of opening a device into one sentence that says what to do.
func explain(name string, err error) error {
	switch {
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("packet: there is no interface %s: %w", name, unix.ENOENT)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("packet: opening %s takes CAP_NET_RAW (be root, or work in a namespace of your own): %w", name, err)
	case errors.Is(err, unix.ENOPROTOOPT):
		return fmt.Errorf("packet: opening %s takes Linux 4.20 or later: %w", name, err)
	}
	return fmt.Errorf("packet: open %s: %w", name, err)
}
