package runner

import (
	"sync"
	"testing"
)

// However many want the lock, one at a time has it, whether they try for a while or not.
func TestLock(t *testing.T) {
	for _, spins := range []bool{false, true} {
		l := lock{spins: spins}
		const goroutines, times = 16, 2000
		n := 0
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range times {
					l.Lock()
					n++
					l.Unlock()
				}
			})
		}
		wg.Wait()
		if n != goroutines*times {
			t.Errorf("spins %v: counted %d, want %d", spins, n, goroutines*times)
		}
	}
}
