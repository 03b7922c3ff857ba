package netlab

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// errExited is what a call on another thread returns when the function left through runtime.Goexit, as t.FailNow does.
var errExited = errors.New("netlab: the function ended its goroutine instead of returning")

// A thread is an OS thread that has entered some namespaces and stays there. It does what must be done on a lasting
// thread: starting processes, whose death signal comes when the thread that started them ends.
type thread struct {
	work chan func()
	gone chan struct{} // closed when its goroutine has ended
}

// startThread starts a thread with enter. If enter fails, the thread is gone again.
func startThread(enter func() error) (*thread, error) {
	t := &thread{work: make(chan func()), gone: make(chan struct{})}
	entered := make(chan error, 1)
	go spare(func() {
		defer close(t.gone)
		err := enter()
		entered <- err
		if err != nil {
			return
		}
		for fn := range t.work {
			fn()
		}
	})
	if err := <-entered; err != nil {
		return nil, err
	}
	return t, nil
}

// do runs fn on the thread. It must not be called after stop.
func (t *thread) do(fn func() error) error {
	result := make(chan error, 1)
	t.work <- func() { result <- fn() }
	return <-result
}

// stop throws the thread away.
func (t *thread) stop() {
	close(t.work)
	<-t.gone
}

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
