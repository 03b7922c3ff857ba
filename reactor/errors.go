package reactor

import (
	"fmt"
	"net"
	"syscall"
)

var (
	// ErrClosed is returned by what is called on a closed loop. It is a net.ErrClosed.
	ErrClosed error = fmt.Errorf("reactor: the loop is closed: %w", net.ErrClosed)

	// ErrRunning is returned by Run and Turn on a loop that runs already, in a callback of its own for instance.
	ErrRunning = fmt.Errorf("reactor: the loop is running already: %w", syscall.EBUSY)

	// ErrWouldBlock is returned by reads that find nothing and by writes that find no room, not even for a part of
	// what they were given, and by writes that took a part. It is a syscall.EAGAIN.
	ErrWouldBlock error = fmt.Errorf("reactor: the operation would block: %w", syscall.EAGAIN)
)
