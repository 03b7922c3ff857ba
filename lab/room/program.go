package room

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// A Program is the running program of an SDK.
type Program struct {
	Line string // as it was typed
	cmd  *netlab.Cmd
	tmp  *netlab.PrivateTmp
	done chan struct{}
	err  error
}

// StartSDK starts the program of an SDK, a command line for the shell, in the network namespace ns, or that of the process
// if ns is nil. Its /tmp is dir; of the real one it sees what holds the working directory and the paths in the line. out
// gets what it prints.
func StartSDK(ctx context.Context, ns *netlab.Namespace, dir, line string, out io.Writer) (*Program, error) {
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	tmp, err := netlab.NewPrivateTmp(ns, dir, append(strings.Fields(line), wd))
	if err != nil {
		return nil, err
	}
	p := &Program{Line: line, tmp: tmp, done: make(chan struct{})}
	p.cmd = tmp.Command(ctx, "/bin/sh", "-c", line)
	p.cmd.Dir = wd
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL) }
	p.cmd.WaitDelay = time.Second // for those who hold its output open
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// Done is closed when the program has ended.
func (p *Program) Done() <-chan struct{} { return p.done }

// Err says how it ended, after Done: nil is exit code 0.
func (p *Program) Err() error { return p.err }

// Close kills the program, with its process group.
func (p *Program) Close() error {
	select {
	case <-p.done:
	default:
		_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
		<-p.done
	}
	err := p.tmp.Close()
	if _, ok := errors.AsType[*exec.ExitError](p.err); ok || p.err == nil {
		return err
	}
	return errors.Join(p.err, err)
}
