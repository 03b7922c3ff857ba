package host

import "syscall"

// What commands fail with: the errno the same call of a socket would give.
const (
	errInvalid        = syscall.EINVAL
	errAddrInUse      = syscall.EADDRINUSE
	errAddrNotAvail   = syscall.EADDRNOTAVAIL
	errNetUnreachable = syscall.ENETUNREACH
	errMessageSize    = syscall.EMSGSIZE
	errNoBufs         = syscall.ENOBUFS
	errNoDestination  = syscall.EDESTADDRREQ
	errConnected      = syscall.EISCONN
	errClosed         = syscall.EBADF
)
