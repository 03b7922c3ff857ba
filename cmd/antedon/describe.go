package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
)

// errInterrupted is the error of a command that a signal kept from doing what it was to do.
var errInterrupted = errors.New("interrupted")

// describe puts an error into words: "dial 10.0.0.9:80: connection refused". Of a *net.OpError it leaves out the
// network and our own address, and it says the same for the kernel's sockets and for ours.
func describe(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok {
		return cause(err)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return cause(err)
	}
	if e, ok := errors.AsType[*os.PathError](op.Err); ok {
		return e.Error() // of a file that was copied to or from
	}
	s := op.Op
	switch s { // what io.Copy calls says nothing to people
	case "readfrom":
		s = "write"
	case "writeto":
		s = "read"
	}
	switch {
	case op.Addr != nil:
		s += " " + op.Addr.String()
	case op.Source != nil:
		s += " " + op.Source.String()
	}
	return s + ": " + cause(op.Err)
}

// cause is the innermost reason that still says everything.
func cause(err error) string {
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return e.Err.Error()
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "cannot resolve " + e.Name + ": " + e.Err
	}
	switch {
	case errors.Is(err, errInterrupted):
		return errInterrupted.Error()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	case errors.Is(err, context.Canceled):
		return errInterrupted.Error()
	}
	return strings.TrimPrefix(err.Error(), "antedon: ")
}
