package thread

import (
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func allowed(t *testing.T) unix.CPUSet {
	t.Helper()
	var s unix.CPUSet
	if err := unix.SchedGetaffinity(0, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOther moves to the other of two CPUs and back, and stays where there is one. Who may run where is as before.
func TestOther(t *testing.T) {
	runtime.LockOSThread() // for good: the thread ends with the test
	all := allowed(t)
	var cpus []int
	for i := 0; len(cpus) < 2 && i < 8*int(unsafe.Sizeof(all)); i++ {
		if all.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	restrict := func(cpus ...int) {
		var s unix.CPUSet
		for _, c := range cpus {
			s.Set(c)
		}
		if err := unix.SchedSetaffinity(0, &s); err != nil {
			t.Fatal(err)
		}
	}
	restrict(cpus[0])
	if Other() {
		t.Error("moved, with one CPU")
	}
	if s := allowed(t); s.Count() != 1 || !s.IsSet(cpus[0]) {
		t.Error("may run elsewhere now")
	}
	if len(cpus) < 2 {
		t.Log("this machine has one CPU: that is all there is to test")
		return
	}
	restrict(cpus...)
	for range 3 {
		if !Other() {
			t.Fatal("has not moved, with two CPUs")
		}
		if s := allowed(t); s.Count() != 2 || !s.IsSet(cpus[0]) || !s.IsSet(cpus[1]) {
			t.Fatal("may run elsewhere now")
		}
	}
	if len(cpus) < all.Count() {
		if err := unix.SchedSetaffinity(0, &all); err != nil {
			t.Fatal(err)
		}
		if Other() {
			t.Error("moved, with more than two CPUs")
		}
	}
	Yield()
}
