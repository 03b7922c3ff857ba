package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// marker is the environment variable that tells the second run of a program that it is one. Init takes it away again.
const marker = "ANTEDON_NETLAB_ISOLATED"

var (
	initDone bool // Init has run
	isolated bool // this is the second run, in a user namespace of its own
)

var errNoInit = errors.New("netlab: Init, or in a test binary Main, has not been called")

// Init must be the first call of main in every program that uses this package: a Guard is the same program, started
// under another name, and never returns from here.
func Init() {
	if len(os.Args) > 0 && os.Args[0] == guardName {
		os.Exit(runGuard(os.Args[1:]))
	}
	isolated = os.Getenv(marker) != ""
	os.Unsetenv(marker)
	initDone = true
}

// Main runs the tests of a test binary, isolated if need be, and returns the exit code. m is a *testing.M.
//
// The test process adopts orphans among its descendants, so that a Snapshot shows them.
func Main(m interface{ Run() int }) int {
	Init()
	unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	code, done, err := Isolate()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if done {
		return code
	}
	return m.Run()
}

// Isolate makes this process one that may make namespaces. If it may already, as root, it returns false.
//
// Otherwise it runs the program again, from its start and with the same arguments, environment and standard streams,
// as root of a user namespace that is made for it, passes signals on to it, and waits. Then done is true, and all that
// is left to do is to exit with code. The second run dies with the first.
func Isolate() (code int, done bool, err error) {
	if !initDone {
		return 1, true, errNoInit
	}
	if capable(unix.CAP_SYS_ADMIN) && capable(unix.CAP_NET_ADMIN) {
		return 0, false, nil
	}
	if isolated { // a policy takes the capabilities away
		return 1, true, explain(unix.EPERM)
	}
	code, err = runIsolated()
	return code, true, err
}

// ready reports why namespaces cannot be made yet.
func ready() error {
	switch {
	case !initDone:
		return errNoInit
	case !capable(unix.CAP_SYS_ADMIN):
		return errors.New("netlab: this process may not make namespaces: call Isolate first")
	}
	return nil
}

// capable reports whether the capability is in force, in the user namespace we are in.
func capable(capability int) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}

// runIsolated runs the program in a new user namespace and returns its exit code.
func runIsolated() (int, error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2)
	defer signal.Stop(signals)

	// The death signal is tied to the starting thread, which therefore must last.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = os.Args
	cmd.Env = append(os.Environ(), marker+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   unix.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		return 1, explain(err)
	}
	ended := make(chan struct{})
	go forward(signals, cmd.Process, ended)
	err := cmd.Wait()
	close(ended)
	return exitCode(cmd.ProcessState), ignoreExit(err)
}

// forward passes signals on to p until it has ended.
func forward(signals <-chan os.Signal, p *os.Process, ended <-chan struct{}) {
	for {
		select {
		case sig := <-signals:
			if !fromTerminal(sig) {
				p.Signal(sig)
			}
		case <-ended:
			return
		}
	}
}

// fromTerminal reports whether sig was most likely typed: then everybody in our process group has got it already.
func fromTerminal(sig os.Signal) bool {
	if sig != unix.SIGINT && sig != unix.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// exitCode is the code of an ended process as a shell would tell it.
func exitCode(s *os.ProcessState) int {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return s.ExitCode()
}

// ignoreExit drops the error that says no more than the exit code.
func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}
