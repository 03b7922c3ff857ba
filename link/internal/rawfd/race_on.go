//go:build race

package rawfd

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// KernelRead tells the race detector that the kernel has read the memory of iov: whoever reuses pinned bytes too early is
// found out.
func KernelRead(iov []unix.Iovec) {
	for i := range iov {
		if iov[i].Len > 0 {
			runtime.RaceReadRange(unsafe.Pointer(iov[i].Base), int(iov[i].Len))
		}
	}
}

// KernelWrote tells it that the kernel has written b.
func KernelWrote(b []byte) {
	if len(b) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&b[0]), len(b))
	}
}
