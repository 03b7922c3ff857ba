//go:build race

package fdqueue

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// raceRead tells the race detector that the kernel has read the memory of iov: whoever reuses pinned bytes too early is
// found out.
func raceRead(iov []unix.Iovec) {
	for i := range iov {
		if iov[i].Len > 0 {
			runtime.RaceReadRange(unsafe.Pointer(iov[i].Base), int(iov[i].Len))
		}
	}
}
