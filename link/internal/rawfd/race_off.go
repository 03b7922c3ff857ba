//go:build !race

package rawfd

import "golang.org/x/sys/unix"

// KernelRead tells the race detector, in a race build, that the kernel has read the memory of iov.
func KernelRead([]unix.Iovec) {}

// KernelWrote tells it that the kernel has written b.
func KernelWrote([]byte) {}
