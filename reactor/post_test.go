package reactor

import (
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestPost: what many goroutines post while the loop sleeps and wakes is called, once each, in the order of each.
func TestPost(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		const posters, each = 4, 2000
		var got [posters][]int
		calls := 0
		for p := range posters {
			go func() {
				for i := range each {
					if err := l.Post(func() {
						got[p] = append(got[p], i)
						if calls++; calls == posters*each {
							l.Close()
						}
					}); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		must(t, l.Run())
		for p := range got {
			if len(got[p]) != each || !slices.IsSorted(got[p]) {
				t.Errorf("poster %d: %d calls, in order: %t; want %d in order", p, len(got[p]), slices.IsSorted(got[p]), each)
			}
		}
	})
}

// TestPostFromCallback: it is called in the next turn, so that a function which posts itself does not starve others.
func TestPostFromCallback(t *testing.T) {
	l := newLoop(t, Config{})
	var got []string
	must(t, l.Post(func() {
		got = append(got, "first")
		must(t, l.Post(func() { got = append(got, "second") }))
	}))
	turn(t, l)
	if want := []string{"first"}; !slices.Equal(got, want) {
		t.Errorf("after a turn %v, want %v", got, want)
	}
	turn(t, l)
	if want := []string{"first", "second"}; !slices.Equal(got, want) {
		t.Errorf("after two turns %v, want %v", got, want)
	}
}

// TestPostWhileClosing: every function whose Post returned nil is called before Done, and no other.
func TestPostWhileClosing(t *testing.T) {
	for range 100 {
		l := newLoop(t, Config{})
		var wg sync.WaitGroup
		accepted, called := make([]int, 4), 0
		for p := range accepted {
			wg.Go(func() {
				for l.Post(func() { called++ }) == nil {
					accepted[p]++
				}
			})
		}
		must(t, l.Post(func() { l.AfterFunc(100*time.Microsecond, func() { l.Close() }) }))
		must(t, l.Run())
		wg.Wait()
		if want := accepted[0] + accepted[1] + accepted[2] + accepted[3]; called != want {
			t.Fatalf("%d functions called, %d accepted", called, want)
		}
	}
}

func TestSignal(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var got os.Signal
		s, err := l.OnSignal(func(sig os.Signal) { got = sig }, syscall.SIGUSR2)
		must(t, err)
		must(t, syscall.Kill(syscall.Getpid(), syscall.SIGUSR2))
		for got == nil {
			turn(t, l)
		}
		if got != syscall.SIGUSR2 {
			t.Errorf("got %v, want SIGUSR2", got)
		}
		s.Stop()
		s.Stop()
	})
}

func TestHooks(t *testing.T) {
	l := newLoop(t, Config{})
	var got []string
	var once *Hook
	once = l.BeforeSleep(func() bool { got = append(got, "once"); once.Remove(); return false })
	busy := true
	l.BeforeSleep(func() bool { got = append(got, "second"); return busy })
	for range 2 {
		must(t, l.Turn(-1)) // nothing is ready: without a busy hook this waits for ever
	}
	busy = false
	l.AfterFunc(time.Millisecond, func() { got = append(got, "timer") })
	for len(got) < 30 && got[len(got)-1] != "timer" {
		must(t, l.Turn(-1))
	}
	if want := []string{"once", "second", "second"}; !slices.Equal(got[:3], want) || slices.Contains(got[3:], "once") {
		t.Errorf("got %v, want %v first, and once only once", got, want)
	}
	if n := len(got); got[n-1] != "timer" {
		t.Errorf("got %v: the loop did not wait for the timer, without anybody busy", got)
	}
}

// TestHookPosts: what a hook posts or sets keeps the loop from sleeping over it.
func TestHookPosts(t *testing.T) {
	l := newLoop(t, Config{})
	h := l.BeforeSleep(func() bool {
		must(t, l.Post(func() { l.Close() }))
		return false
	})
	must(t, l.Turn(-1))
	h.Remove()
	if err := l.Turn(-1); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
