package api

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"syscall"
	"time"
)

// socket is a unix datagram socket. Its calls wait in the kernel: package net waits for a socket to be ready instead, and to
// wake a goroutine for each datagram costs several times as much.
type socket int

// open binds our socket and connects it to the driver's. While the driver serves another SDK it waits.
func open() (*session, error) {
	ours, drivers := socketPaths()
	s, err := bind(ours)
	if err != nil {
		return nil, fmt.Errorf("binding %s: %w", ours, err)
	}
	err = s.connectPatiently(drivers)
	if err == nil {
		err = s.setPatience(silence)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("no driver at %s: %w", drivers, err)
	}
	return &session{socket: s, drivers: drivers, out: newBatch()}, nil
}

func newSocket() (socket, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	return socket(fd), err
}

// bind makes a socket at path, in place of an old one.
func bind(path string) (socket, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	s, err := newSocket()
	if err != nil {
		return 0, err
	}
	if err := syscall.Bind(int(s), &syscall.SockaddrUnix{Name: path}); err != nil {
		s.close()
		return 0, err
	}
	return s, nil
}

// connect says where datagrams go, and come from.
func (s socket) connect(path string) error {
	return syscall.Connect(int(s), &syscall.SockaddrUnix{Name: path})
}

// connectPatiently connects to the driver at path. The kernel answers EPERM as long as that is connected to another SDK.
func (s socket) connectPatiently(path string) error {
	for told := false; ; told = true {
		err := s.connect(path)
		if !errors.Is(err, syscall.EPERM) {
			return err
		}
		if !told {
			log.Print("the driver serves another program; waiting for it to end")
		}
		time.Sleep(retryAfter)
	}
}

// isServing reports whether the driver at path is there and connected to an SDK: then it refuses to be connected to.
func isServing(path string) bool {
	s, err := newSocket()
	if err != nil {
		return true // we cannot know
	}
	defer s.close()
	return errors.Is(s.connect(path), syscall.EPERM)
}

// setPatience bounds how long receive waits.
func (s socket) setPatience(d time.Duration) error {
	t := syscall.NsecToTimeval(int64(d))
	return syscall.SetsockoptTimeval(int(s), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &t)
}

// errSilence says that receive has waited in vain.
var errSilence = errors.New("nothing came")

// send sends a datagram. If the other end's queue is full it waits.
func (s socket) send(b []byte) error {
	for {
		_, err := syscall.Write(int(s), b)
		if err != syscall.EINTR {
			return err
		}
	}
}

// hangUp wakes who receives.
func (s socket) hangUp() { syscall.Shutdown(int(s), syscall.SHUT_RD) }

func (s socket) close() { syscall.Close(int(s)) }
