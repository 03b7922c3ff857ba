package netlab

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// errExited is what a call on another thread returns when the function left through runtime.Goexit, as t.FailNow does.
var errExited = errors.New("netlab: the function ended its goroutine instead of returning")

// onThread runs fn on an OS thread of its own, which is thrown away afterwards, and waits for it.
//
// fn may leave the thread in any namespace: a goroutine that ends while locked takes its thread along.
func onThread(fn func() error) error {
	result := make(chan error, 1)
	go spare(func() {
		err := errExited
		defer func() { result <- err }()
		err = fn()
	})
	return <-result
}

// spare runs fn with the calling goroutine locked to a thread for good.
//
// The main thread is spared: it cannot end, and whatever /proc/self says is what the main thread sees.
func spare(fn func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		fn()
		return
	}
	found := make(chan struct{})
	go func() {
		runtime.LockOSThread() // another thread, as this one is taken
		close(found)
		fn()
	}()
	<-found
	runtime.UnlockOSThread() // untouched
}
