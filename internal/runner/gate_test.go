package runner

import "testing"

// TestRoll: however many are to be woken, few are on their way at a time, the first first, and none is forgotten.
func TestRoll(t *testing.T) {
	const n = 20 * mostCalls
	var r roll
	woken := make(chan int, n)
	all := make([]chan struct{}, n)
	for i := range all {
		all[i] = make(chan struct{}, 1)
	}
	look := func() { // what has been woken since the last look
		for i, ch := range all {
			select {
			case <-ch:
				woken <- i
			default:
			}
		}
	}
	for round := range 3 {
		for _, ch := range all {
			r.call(ch)
		}
		for want := range n {
			look()
			if len(woken) > mostCalls {
				t.Fatalf("round %d: %d are on their way, want %d at most", round, len(woken), mostCalls)
			}
			if got := <-woken; got != want {
				t.Fatalf("round %d: %d is woken, want %d", round, got, want)
			}
			r.ran()
		}
		if look(); len(woken) != 0 || r.out != 0 || len(r.late) != 0 {
			t.Fatalf("round %d: %d more woken, %d on their way, %d late", round, len(woken), r.out, len(r.late))
		}
	}
}
