package lockstep

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
	"golang.org/x/sys/unix"
)

// kernelEndpoint is the kernel's TCP in a namespace of its own, behind a TUN or what takes its place.
type kernelEndpoint struct {
	lab      *netlab.Lab
	setup    setup
	sniffer  *sniffer
	start    time.Time
	listener int
	sockets  []int
	fences   uint16 // sent
}

// sysctls that would otherwise be the machine's, or that make the kernel's answers depend on more than the script. Those
// that an older kernel does not know are left out.
var sysctls = map[string]string{
	"tcp_timestamps": "1", "tcp_sack": "1", "tcp_dsack": "1", "tcp_window_scaling": "1", "tcp_ecn": "2", "tcp_ecn_fallback": "1",
	"tcp_rmem": "4096 131072 6291456", "tcp_wmem": "4096 16384 4194304", "tcp_adv_win_scale": "1",
	"tcp_moderate_rcvbuf": "1", "tcp_recovery": "1", "tcp_early_retrans": "3", "tcp_frto": "2", "tcp_fack": "0", "tcp_reordering": "3",
	"tcp_syncookies": "1", "tcp_syn_retries": "6", "tcp_synack_retries": "5", "tcp_syn_linear_timeouts": "4", "tcp_fastopen": "0",
	"tcp_retries2": "15", "tcp_orphan_retries": "0", "tcp_fin_timeout": "60", "tcp_tw_reuse": "0", "tcp_rfc1337": "0",
	"tcp_invalid_ratelimit": "500", "tcp_challenge_ack_limit": "2147483647", "tcp_mtu_probing": "0", "tcp_autocorking": "0",
	"tcp_no_metrics_save": "1", "tcp_slow_start_after_idle": "1", "tcp_stdurg": "0", "tcp_abort_on_overflow": "0",
	"tcp_min_snd_mss": "48", "tcp_workaround_signed_windows": "0", "tcp_limit_output_bytes": "4194304",
	"tcp_comp_sack_nr": "0", "tcp_shrink_window": "0", "tcp_rto_min_us": "200000", "tcp_thin_linear_timeouts": "0",
	"tcp_min_tso_segs": "1", "tcp_tso_rtt_log": "0", "tcp_keepalive_time": "7200", "ip_default_ttl": "64", "ip_no_pmtu_disc": "0",
}

func newKernel(s setup) (*kernelEndpoint, error) {
	lab, err := netlab.New(netlab.Options{NoOffload: true})
	if err != nil {
		return nil, err
	}
	e := &kernelEndpoint{lab: lab, setup: s, listener: -1}
	err = lab.Do(func() (err error) {
		for _, set := range []map[string]string{sysctls, s.sysctls} {
			for name, value := range set {
				if err = setSysctl(name, value); err != nil {
					return err
				}
			}
		}
		if err = completeChecksums(lab.Options.Name); err != nil {
			return err
		}
		e.sniffer, err = newSniffer(lab.Options.Name)
		return err
	})
	if err != nil {
		e.close()
		return nil, err
	}
	e.start = time.Now()
	return e, nil
}

func setSysctl(name, value string) error {
	err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (e *kernelEndpoint) now() time.Duration { return time.Since(e.start) }

func (e *kernelEndpoint) inject(b []byte) error {
	_, err := e.lab.Device().Queues()[0].Write([]link.Packet{{Bytes: b}})
	return err
}

// fencePatience bounds the wait for the answer to a ping.
const fencePatience = 10 * time.Second

// settle sends the kernel a ping. It handles packets in the order in which they come: what it sends before the answer it
// has sent at once, and what it did not send by then it has not.
func (e *kernelEndpoint) settle() ([]packet, error) {
	e.fences++
	body := make([]byte, 0, 8)
	if e.setup.local.Is4() {
		body = (&wire.ICMPv4{Type: wire.ICMPv4Echo, Rest: wire.EchoRest(1, e.fences)}).AppendTo(body, nil)
		body = makePacket(e.setup.remote, e.setup.local, wire.ProtoICMP, 0, body)
	} else {
		body = (&wire.ICMPv6{Type: wire.ICMPv6Echo, Rest: wire.EchoRest(1, e.fences)}).AppendTo(body, e.setup.remote, e.setup.local, nil)
		body = makePacket(e.setup.remote, e.setup.local, wire.ProtoICMPv6, 0, body)
	}
	if err := e.inject(body); err != nil {
		return nil, err
	}
	var out []packet
	for end := e.now() + fencePatience; ; {
		b, at, err := e.sniffer.next(end - e.now())
		switch {
		case err != nil:
			return out, err
		case b == nil:
			return out, errors.New("no answer to a ping")
		case e.isFence(b):
			return out, nil
		}
		out = e.keep(out, b, at, true)
	}
}

// isFence reports whether b is the answer to the latest ping.
func (e *kernelEndpoint) isFence(b []byte) bool {
	if e.setup.local.Is4() {
		ip, body, err := wire.ParseIPv4(b)
		if err != nil || ip.Proto != wire.ProtoICMP {
			return false
		}
		m, _, err := wire.ParseICMPv4(body)
		return err == nil && m.Type == wire.ICMPv4EchoReply && m.Seq() == e.fences
	}
	ip, body, err := wire.ParseIPv6(b)
	if err != nil || ip.Proto != wire.ProtoICMPv6 {
		return false
	}
	m, _, err := wire.ParseICMPv6(body, ip.Src, ip.Dst)
	return err == nil && m.Type == wire.ICMPv6EchoReply && m.Seq() == e.fences
}

// keep adds what the kernel sent to the peer.
func (e *kernelEndpoint) keep(out []packet, b []byte, at time.Time, prompt bool) []packet {
	if h, err := parsePacket(b); errors.Is(err, errNotTCP) || h.dst != e.setup.remote {
		return out
	}
	return append(out, packet{at.Sub(e.start), prompt, b})
}

func (e *kernelEndpoint) wait(limit time.Duration) (out []packet, err error) {
	for end := e.now() + limit; len(out) == 0; {
		b, at, err := e.sniffer.next(end - e.now())
		if b == nil {
			return out, err
		}
		out = e.keep(out, b, at, false)
	}
	return out, nil
}

func (e *kernelEndpoint) sleep(d time.Duration) (out []packet, err error) {
	for end := e.now() + d; ; {
		b, at, err := e.sniffer.next(end - e.now())
		if b == nil {
			return out, err
		}
		out = e.keep(out, b, at, false)
	}
}

// close closes the sockets without any farewell.
func (e *kernelEndpoint) close() error {
	for _, fd := range append(e.sockets, e.listener) {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	if e.sniffer != nil {
		e.sniffer.close()
	}
	return e.lab.Close()
}

// listen has a socket listen.
func (e *kernelEndpoint) listen(local netip.AddrPort, o options) error {
	fd, err := e.open(local, o)
	if err != nil {
		return err
	}
	e.listener = fd
	backlog := o["backlog"]
	if backlog == 0 {
		backlog = 100
	}
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}

func (e *kernelEndpoint) accept() (socket, error) {
	fd, _, err := unix.Accept4(e.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("accept", err)
	}
	return e.adopt(fd), nil
}

func (e *kernelEndpoint) connect(local, remote netip.AddrPort, o options) (socket, error) {
	fd, err := e.open(local, o)
	if err != nil {
		return nil, err
	}
	if err := unix.Connect(fd, sockaddr(remote)); err != unix.EINPROGRESS {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return e.adopt(fd), nil
}

func (e *kernelEndpoint) adopt(fd int) *kernelSocket {
	e.sockets = append(e.sockets, fd)
	return &kernelSocket{e, fd, len(e.sockets) - 1}
}

// open makes a socket in the namespace that is bound to local.
func (e *kernelEndpoint) open(local netip.AddrPort, o options) (fd int, err error) {
	family := unix.AF_INET
	if local.Addr().Is6() {
		family = unix.AF_INET6
	}
	err = e.lab.Do(func() (err error) {
		fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		return os.NewSyscallError("socket", err)
	})
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		// The machine's default may be another. A namespace cannot change it, a socket can, and so do those it accepts.
		err = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
	}
	if n := o["rcvbuf"]; err == nil && n != 0 {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n)
	}
	if n := o["syncnt"]; err == nil && n != 0 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_SYNCNT, n)
	}
	if err == nil {
		err = unix.Bind(fd, sockaddr(local))
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("prepare a socket", err)
	}
	return fd, nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}
