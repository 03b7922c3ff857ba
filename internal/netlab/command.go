package netlab

import (
	"bytes"
	"context"
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"
)

// A Cmd is an exec.Cmd that starts in a place made by this package. It outlives neither that place nor this process.
//
// Its descendants do not outlive a Namespace either.
type Cmd struct {
	*exec.Cmd
	start func(*exec.Cmd) error
}

// Command returns a Cmd that runs name with args inside the namespace, and is killed when ctx is done.
func (ns *Namespace) Command(ctx context.Context, name string, args ...string) *Cmd {
	return &Cmd{exec.CommandContext(ctx, name, args...), ns.start}
}

// Start starts the command, which the caller must Wait for.
func (c *Cmd) Start() error {
	if c.SysProcAttr == nil {
		c.SysProcAttr = new(unix.SysProcAttr)
	}
	// The signal comes when the starting thread ends, and that is a lasting one.
	c.SysProcAttr.Pdeathsig = unix.SIGKILL
	return c.start(c.Cmd)
}

// Run starts the command and waits for it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the command and returns its standard output. An *exec.ExitError carries the standard error.
func (c *Cmd) Output() ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c.Stdout = &stdout
	if c.Stderr == nil {
		c.Stderr = &stderr
	}
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		exit.Stderr = stderr.Bytes()
	}
	return stdout.Bytes(), err
}

// CombinedOutput runs the command and returns its standard output and standard error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.Bytes(), err
}
