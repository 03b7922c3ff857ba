package reactor

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	sizeofPath = unsafe.Offsetof(unix.RawSockaddrUnix{}.Path)
	maxPath    = len(unix.RawSockaddrUnix{}.Path)
)

// put writes the address as a socket of the family wants it, and returns its size.
func (a Addr) put(raw *unix.RawSockaddrAny, family int) (uint32, error) {
	switch family {
	case unix.AF_UNIX:
		return a.putUnix((*unix.RawSockaddrUnix)(unsafe.Pointer(raw)))
	case unix.AF_INET:
		ip := a.Addr().Unmap()
		if !ip.IsValid() {
			ip = netip.IPv4Unspecified()
		}
		if !ip.Is4() {
			return 0, syscall.EAFNOSUPPORT
		}
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		*in = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: ip.As4()}
		putPort(unsafe.Pointer(&in.Port), a.Port())
		return unix.SizeofSockaddrInet4, nil
	}
	in := (*unix.RawSockaddrInet6)(unsafe.Pointer(raw))
	*in = unix.RawSockaddrInet6{Family: unix.AF_INET6, Scope_id: scope(a.Addr().Zone())}
	if ip := a.Addr(); ip.IsValid() {
		in.Addr = ip.As16() // an IPv4 address mapped
	}
	putPort(unsafe.Pointer(&in.Port), a.Port())
	return unix.SizeofSockaddrInet6, nil
}

// putPort writes a port in network order.
func putPort(field unsafe.Pointer, port uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(field)[:], port)
}

func (a Addr) putUnix(un *unix.RawSockaddrUnix) (uint32, error) {
	name := a.Name
	if len(name) == 0 || len(name) >= maxPath {
		return 0, syscall.EINVAL
	}
	*un = unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	for i := range len(name) {
		un.Path[i] = int8(name[i])
	}
	if name[0] == '@' { // an abstract name has a zero before it, and none behind
		un.Path[0] = 0
		return uint32(sizeofPath) + uint32(len(name)), nil
	}
	return uint32(sizeofPath) + uint32(len(name)) + 1, nil
}

// addrFrom reads an address that the kernel has written. A unix name equal to the known one does not allocate.
func addrFrom(raw *unix.RawSockaddrAny, size uint32, known string) Addr {
	switch raw.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		return Addr{AddrPort: netip.AddrPortFrom(netip.AddrFrom4(in.Addr), port(unsafe.Pointer(&in.Port)))}
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(raw))
		ip := netip.AddrFrom16(in.Addr).Unmap()
		if in.Scope_id != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.Itoa(int(in.Scope_id)))
		}
		return Addr{AddrPort: netip.AddrPortFrom(ip, port(unsafe.Pointer(&in.Port)))}
	case unix.AF_UNIX:
		un := (*unix.RawSockaddrUnix)(unsafe.Pointer(raw))
		return Addr{Name: unixName(un, int(size)-int(sizeofPath), known)}
	}
	return Addr{}
}

func port(field unsafe.Pointer) uint16 { return binary.BigEndian.Uint16((*[2]byte)(field)[:]) }

func unixName(un *unix.RawSockaddrUnix, n int, known string) string {
	if n <= 0 {
		return "" // not bound
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(&un.Path[0])), min(n, maxPath))
	if b[0] == 0 {
		b[0] = '@'
	} else if b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if string(b) == known {
		return known
	}
	return string(b)
}

// scope returns the number of a zone, which is an interface's number or name.
func scope(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// localOf and nameOf ask the kernel for a socket's addresses.
func localOf(fd int) (Addr, error) { return nameOf(unix.SYS_GETSOCKNAME, "getsockname", fd) }

func nameOf(call uintptr, name string, fd int) (Addr, error) {
	var raw unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	_, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return Addr{}, os.NewSyscallError(name, errno)
	}
	return addrFrom(&raw, size, ""), nil
}

// peerOf returns whom a socket is connected to, and the network's name.
func peerOf(fd int) (Addr, string, error) {
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return Addr{}, "", os.NewSyscallError("getsockopt", err)
	}
	network := "tcp"
	if family == unix.AF_UNIX {
		network = "unix"
	}
	a, err := nameOf(unix.SYS_GETPEERNAME, "getpeername", fd)
	return a, network, err
}
