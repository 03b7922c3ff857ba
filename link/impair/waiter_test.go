package impair_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/link/internal/linktest"
)

// TestWaiter: an armed queue tells once when a packet arrives, be that later or already, and again when it is closed.
func TestWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, b := newPair(t, link.OffloadNone, impair.Plan{}, impair.Plan{Delay: 10 * time.Millisecond})
		q := d.Queues()[0].(link.Waiter)
		start := time.Now()
		q.Arm()
		q.Arm()
		write(t, b, numbered(1))
		if err := q.Wait(); err != nil || time.Since(start) != 10*time.Millisecond {
			t.Errorf("Wait: %v after %v, want nil after 10ms", err, time.Since(start))
		}
		q.Arm() // it lies there still
		if err := q.Wait(); err != nil || time.Since(start) != 10*time.Millisecond {
			t.Errorf("Wait for what is there: %v after %v, want nil after 10ms", err, time.Since(start))
		}
		if n, err := q.TryRead(linktest.Packets(2)); n != 1 || err != nil {
			t.Errorf("TryRead: got %d, %v; want 1, nil", n, err)
		}
		q.Arm()
		done := make(chan error)
		go func() { done <- q.Wait() }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Errorf("Wait returns %v without a packet", err)
		default:
		}
		d.Close()
		for _, err := range []error{<-done, q.Wait()} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("Wait on a closed device: got %v, want net.ErrClosed", err)
			}
		}
	})
}

// TestDoze: a doze ends with a packet, with Rouse, also one that came before, and when its time is over.
func TestDoze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, b := newPair(t, link.OffloadNone, impair.Plan{}, impair.Plan{Delay: 10 * time.Millisecond})
		q := d.Queues()[0].(link.Waiter)
		for _, tt := range []struct {
			name string
			do   func()
			want time.Duration
		}{
			{"time", func() {}, time.Second},
			{"packet", func() { write(t, b, numbered(1)) }, 10 * time.Millisecond},
			{"packet that is there", func() {}, 0},
			{"rouse", func() { q.TryRead(linktest.Packets(2)); q.Rouse() }, 0},
			{"nothing left of that", func() {}, time.Second},
		} {
			start := time.Now()
			tt.do()
			q.Doze(time.Second)
			if got := time.Since(start); got != tt.want {
				t.Errorf("%s: it took %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}
