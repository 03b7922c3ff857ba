// Package thread places the calling thread: it gives up its CPU for a turn, or moves to another.
package thread

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Yield lets another thread that waits for this CPU run, if there is one: sched_yield(2). Go's scheduler is not told, and the
// goroutine keeps its processor.
func Yield() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// Other moves the calling thread to the other CPU, if there are exactly two that it may run on, and reports whether it has. It may
// run on both as before when Other returns: the kernel leaves it where it is until there is a reason. What somebody else says at the
// same instant of where the thread may run (taskset -p) may be lost.
func Other() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var both unix.CPUSet
	if err := unix.SchedGetaffinity(0, &both); err != nil || both.Count() != 2 {
		return false
	}
	var here uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&here)), 0, 0); errno != 0 {
		return false
	}
	other := both
	if other.Clear(int(here)); other.Count() != 1 || unix.SchedSetaffinity(0, &other) != nil {
		return false
	}
	_ = unix.SchedSetaffinity(0, &both) // an error: the CPUs were taken from this process meanwhile
	return true
}
