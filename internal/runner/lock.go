package runner

import (
	"runtime"
	"sync"
	"time"
)

// lock is a sync.Mutex for which who waits tries for a while first, always: it is held for a microsecond or two at a time. A
// sync.Mutex tries only if nothing else waits to run on the processor, and puts to sleep who else wants it; among many writers
// those that sleep are woken one by one, while a CPU is idle.
type lock struct {
	sync.Mutex
	spins bool // there is another processor, on which the holder may run
}

const (
	// lockSpin is how long who waits tries.
	lockSpin = 10 * time.Microsecond
	// betweenTries is how often it looks at the clock less than at the lock.
	betweenTries = 8
)

func (l *lock) init() { l.spins = runtime.GOMAXPROCS(0) > 1 }

// Lock locks l.
func (l *lock) Lock() {
	if l.TryLock() || l.spins && l.spin() {
		return
	}
	l.Mutex.Lock()
}

// spin reports whether the lock has become ours.
func (l *lock) spin() bool {
	for since := time.Now(); time.Since(since) < lockSpin; {
		for range betweenTries {
			if l.TryLock() {
				return true
			}
		}
	}
	return false
}
