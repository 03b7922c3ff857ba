package reactor

import (
	"os"
	"os/signal"
	"sync"
)

// Signal is a watch for signals.
type Signal struct {
	ch   chan os.Signal
	stop chan struct{}
	once sync.Once
}

// signalQueue is how many signals wait for the loop before more are lost, as the kernel loses them too.
const signalQueue = 16

// OnSignal calls fn in the loop for each of the signals that comes; without any, for all of them. It works as
// signal.Notify does, and like that it has a goroutine, which only posts: signals are the runtime's, not a descriptor's.
// The watch ends with Stop or with the loop.
func (l *Loop) OnSignal(fn func(os.Signal), signals ...os.Signal) (*Signal, error) {
	if l.closing.Load() {
		return nil, ErrClosed
	}
	s := &Signal{ch: make(chan os.Signal, signalQueue), stop: make(chan struct{})}
	signal.Notify(s.ch, signals...)
	go s.forward(l, fn)
	return s, nil
}

func (s *Signal) forward(l *Loop, fn func(os.Signal)) {
	defer signal.Stop(s.ch)
	for {
		select {
		case got := <-s.ch:
			if l.Post(func() { s.deliver(fn, got) }) != nil {
				return
			}
		case <-s.stop:
			return
		case <-l.done:
			return
		}
	}
}

// deliver holds back what was under way when Stop was called.
func (s *Signal) deliver(fn func(os.Signal), got os.Signal) {
	select {
	case <-s.stop:
	default:
		fn(got)
	}
}

// Stop ends the watch. After it, called in the loop, fn is not called again.
func (s *Signal) Stop() { s.once.Do(func() { close(s.stop) }) }
