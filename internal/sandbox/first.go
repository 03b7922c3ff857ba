package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptors of the first process.
const (
	ordersFD  = 3
	reportsFD = 4
)

// A first is the first process of a box.
type first struct {
	order   order
	reports *json.Encoder
	cmd     *exec.Cmd
}

// runInit is the whole life of the first process. It returns the exit code.
func runInit() int {
	runtime.LockOSThread() // its children are started by a thread that lasts
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE)
	unix.CloseOnExec(ordersFD)
	unix.CloseOnExec(reportsFD)
	in := json.NewDecoder(bufio.NewReader(os.NewFile(ordersFD, "orders")))
	f := &first{reports: json.NewEncoder(os.NewFile(reportsFD, "reports"))}
	if err := in.Decode(&f.order); err != nil {
		return 1
	}
	if err := f.order.furnish(); err != nil {
		_ = f.reports.Encode(report{Err: err.Error()})
		return 1
	}
	_ = f.reports.Encode(report{Ready: true})
	var word string
	if err := in.Decode(&word); err != nil {
		return 0 // there is nothing to start after all
	}
	if err := f.start(); err != nil {
		_ = f.reports.Encode(report{Err: err.Error()})
		return 1
	}
	_ = f.reports.Encode(report{Ready: true})
	go func() { // nobody speaks any more: the end of the orders is that of whoever gave them
		_ = in.Decode(&word)
		os.Exit(1)
	}()
	_ = f.reports.Encode(f.watch())
	return 0 // and so for all others
}

// start starts the program, as the second process.
func (f *first) start() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil { // of this thread, and of what it starts
		return os.NewSyscallError("prctl", err)
	}
	limits, err := json.Marshal(f.order.Limits)
	if err != nil {
		return err
	}
	outer := 0
	if f.order.Drop {
		outer = nobody
	}
	ids := []syscall.SysProcIDMap{{ContainerID: nobody, HostID: outer, Size: 1}}
	f.cmd = exec.Command("/proc/self/exe")
	f.cmd.Args = append([]string{launchName, string(limits)}, f.order.Argv...)
	f.cmd.Env, f.cmd.Dir = f.order.Env, f.order.Dir
	f.cmd.Stdout, f.cmd.Stderr = os.Stdout, os.Stderr
	f.cmd.SysProcAttr = &unix.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids,
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true},
		// A group of its own, for kill(0), but not a session: the kernel shares the CPUs among sessions (sched_autogroup), and
		// a Linux 6.18 has been seen to let this process wait for a minute while the busy session of its child ran.
		Setpgid: true,
	}
	return f.cmd.Start()
}

// lookEvery is how often the first process counts what the others use.
const lookEvery = 50 * time.Millisecond

// watch waits for the end of the program, or until it has used too much.
func (f *first) watch() report {
	ended := make(chan report, 1)
	go func() { ended <- f.reap() }()
	look := time.NewTicker(lookEvery)
	wall := time.NewTimer(f.order.Limits.Wall)
	for {
		select {
		case r := <-ended:
			return r
		case <-wall.C:
			return report{Limit: fmt.Sprintf("it ran for more than %v", f.order.Limits.Wall)}
		case <-look.C:
			if memory := memoryInUse(); memory > f.order.Limits.Memory {
				return report{Limit: fmt.Sprintf("more than %d MiB of memory", f.order.Limits.Memory>>20)}
			}
		}
	}
}

// reap waits for children, among them those that lost their parents, until the program is one of them.
func (f *first) reap() report {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return report{Err: err.Error()}
		case pid != f.cmd.Process.Pid:
		case status.Signaled() && status.Signal() == unix.SIGXCPU:
			return report{Limit: fmt.Sprintf("more than %v of a CPU", f.order.Limits.CPU)}
		case status.Signaled():
			return report{Ended: true, Exit: "killed by signal " + status.Signal().String()}
		case status.ExitStatus() != 0:
			return report{Ended: true, Exit: fmt.Sprintf("exit status %d", status.ExitStatus())}
		default:
			return report{Ended: true}
		}
	}
}

// memoryInUse returns how much memory the processes of the box have that is theirs alone or shared among them.
func memoryInUse() (total int64) {
	dir, err := os.Open("/proc")
	if err != nil {
		return 0
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil && pid > 1 {
				total += residentOf(pid)
			}
		}
		if err != nil || errors.Is(err, io.EOF) {
			return total
		}
	}
}

// residentOf returns the memory of a process less the files it has mapped.
func residentOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident, shared int64
	if _, err := fmt.Sscan(string(b), &size, &resident, &shared); err != nil {
		return 0
	}
	return (resident - shared) * int64(os.Getpagesize())
}
