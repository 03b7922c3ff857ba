package netlab

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// endLimit bounds the wait for a killed process to be gone.
const endLimit = 10 * time.Second

// endProcesses kills all processes in the network or mount namespace of descriptor ns, except this one, and waits until they
// are gone. It goes by the namespace and not by parenthood, and so finds those too that were left by their parents.
func endProcesses(ns int) error {
	for start := time.Now(); ; {
		pids, err := processesIn(ns)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := endProcess(pid, ns); err != nil {
				return err
			}
		}
		if time.Since(start) > endLimit { // they multiply as fast as they are killed
			return fmt.Errorf("netlab: processes %v cannot be ended", pids)
		}
	}
}

// processesIn lists the processes, except this one, that are in the namespace of descriptor ns.
//
// Only those that we may look at can be found; what is started in a namespace of ours belongs to them.
func processesIn(ns int) ([]int, error) {
	pids, err := allProcesses()
	return slices.DeleteFunc(pids, func(pid int) bool { return pid == os.Getpid() || !isIn(pid, ns) }), err
}

// allProcesses lists the processes there are.
func allProcesses() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// isIn reports whether the process is in the network or mount namespace of descriptor ns. Each namespace has a number that
// no other one has, of whatever kind.
func isIn(pid, ns int) bool {
	var want, got unix.Stat_t
	if unix.Fstat(ns, &want) != nil {
		return false
	}
	for _, kind := range []string{"net", "mnt"} {
		if unix.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, kind), &got) == nil && want.Dev == got.Dev && want.Ino == got.Ino {
			return true
		}
	}
	return false
}

// endProcess kills one process, if it is still in the namespace, and waits until it is gone.
func endProcess(pid, ns int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(fd)
	if !isIn(pid, ns) { // from here on fd means the process that was looked at
		return nil
	}
	return killAndWait(fd)
}

// killAndWait ends the process of a pidfd.
func killAndWait(fd int) error {
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return os.NewSyscallError("pidfd_send_signal", err)
	}
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(endLimit/time.Millisecond))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return os.NewSyscallError("poll", err)
		case n == 0:
			return errors.New("netlab: a killed process does not end")
		default:
			return nil
		}
	}
}
