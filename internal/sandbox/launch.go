package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// launch limits this process and becomes the stranger's program.
func launch(args []string) {
	runtime.LockOSThread() // which is the one that is filtered, and that becomes the program
	var l Limits
	err := json.Unmarshal([]byte(args[0]), &l)
	if err == nil {
		err = l.set()
	}
	if err == nil {
		err = setFilter()
	}
	if err == nil {
		err = os.NewSyscallError("exec "+args[1], unix.Exec(args[1], args[1:], os.Environ()))
	}
	fmt.Fprintln(os.Stderr, "antedon:", err)
	os.Exit(127)
}

// set has the kernel keep the limits, of each process. Memory is that which can be written to: programs reserve much more
// addresses than they use.
func (l *Limits) set() error {
	for _, r := range []struct {
		what  int
		value uint64
	}{
		{unix.RLIMIT_DATA, uint64(l.Memory)},
		{unix.RLIMIT_FSIZE, uint64(l.FileSize)},
		{unix.RLIMIT_CPU, uint64((l.CPU + time.Second - 1) / time.Second)},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_MEMLOCK, 1 << 20},
		{unix.RLIMIT_MSGQUEUE, 0},
		{unix.RLIMIT_NOFILE, uint64(l.Files)},
		{unix.RLIMIT_RTPRIO, 0},
		{unix.RLIMIT_NPROC, uint64(l.Processes)},
	} {
		if err := unix.Setrlimit(r.what, &unix.Rlimit{Cur: r.value, Max: r.value}); err != nil {
			return fmt.Errorf("limit %d: %w", r.what, err)
		}
	}
	return nil
}
