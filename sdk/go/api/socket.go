package api

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"syscall"
	"time"
)

// open binds our socket and connects it to the driver's. While the driver serves another SDK it waits.
func open() (*session, error) {
	ours, drivers := socketPaths()
	conn, err := bind(ours)
	if err != nil {
		return nil, err
	}
	if err := connect(conn, drivers); err != nil {
		conn.Close()
		return nil, fmt.Errorf("no driver at %s: %w", drivers, err)
	}
	return &session{conn: conn, drivers: drivers}, nil
}

// bind makes a datagram socket at path, in place of an old one.
func bind(path string) (*net.UnixConn, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
}

// connect connects our socket to the driver's at path. The kernel answers EPERM as long as that is connected to another.
// Package net would make a new socket for every attempt; ours stays what it is.
func connect(conn *net.UnixConn, path string) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	for told := false; ; {
		var failed error
		if err := raw.Control(func(fd uintptr) {
			failed = syscall.Connect(int(fd), &syscall.SockaddrUnix{Name: path})
		}); err != nil {
			return err
		}
		if !errors.Is(failed, syscall.EPERM) {
			return failed
		}
		if !told {
			told = true
			log.Print("the driver serves another program; waiting for it to end")
		}
		time.Sleep(retryAfter)
	}
}

// isServing reports whether the driver at path is there and connected to an SDK: then it refuses to be connected to.
func isServing(path string) bool {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return true // we cannot know
	}
	defer syscall.Close(fd)
	return errors.Is(syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}), syscall.EPERM)
}
