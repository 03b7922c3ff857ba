package lockstep

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sniffer shows the packets that the kernel sends on an interface, with the time at which it does: reading them from the device
// would tell when this process got round to it.
type sniffer struct {
	fd  int
	buf [1 << 16]byte
	oob [128]byte
}

// newSniffer listens on an interface of the namespace that the calling thread is in.
func newSniffer(name string) (*sniffer, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("packet socket", err)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index})
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("packet socket on %s: %w", name, err)
	}
	return &sniffer{fd: fd}, nil
}

// completeChecksums has the kernel finish its packets before it shows them to anybody, for a pair of veths that it would
// leave that to.
func completeChecksums(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	off := struct{ command, data uint32 }{command: unix.ETHTOOL_STXCSUM}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&off)}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return os.NewSyscallError("ethtool", errno)
	}
	return nil
}

func (s *sniffer) close() { unix.Close(s.fd) }

// next returns the next packet that the kernel sends, nil if there is none before the limit.
func (s *sniffer) next(limit time.Duration) ([]byte, time.Time, error) {
	for end := time.Now().Add(limit); ; {
		n, oobn, _, from, err := unix.Recvmsg(s.fd, s.buf[:], s.oob[:], 0)
		switch {
		case err == unix.EAGAIN:
			left := time.Until(end)
			if left <= 0 {
				return nil, time.Time{}, nil
			}
			timeout := unix.NsecToTimespec(left.Nanoseconds())
			_, err := unix.Ppoll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, &timeout, nil)
			if err != nil && err != unix.EINTR {
				return nil, time.Time{}, os.NewSyscallError("poll", err)
			}
		case err == unix.EINTR:
		case err != nil:
			return nil, time.Time{}, os.NewSyscallError("recvmsg", err)
		case isOutgoing(from):
			at, err := timestamp(s.oob[:oobn])
			return append([]byte(nil), s.buf[:n]...), at, err
		}
	}
}

func isOutgoing(from unix.Sockaddr) bool {
	l, ok := from.(*unix.SockaddrLinklayer)
	return ok && l.Pkttype == unix.PACKET_OUTGOING
}

// timestamp returns the time in the control messages of a packet.
func timestamp(oob []byte) (time.Time, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return time.Time{}, err
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			t := *(*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
			return time.Unix(t.Unix()), nil
		}
	}
	return time.Time{}, errors.New("a packet without a timestamp")
}
