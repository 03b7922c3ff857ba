package rawfd

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair returns an FD and the other end of its socket.
func pair(t *testing.T) (*FD, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]) })
	f, err := New(fds[1], "pair")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, fds[0]
}

func send(t *testing.T, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte{1}); err != nil {
		t.Fatal(err)
	}
}

func (f *FD) rings() bool { return f.bell.rang(uintptr(f.bell.fd)) }

// The bell rings once each time it is armed, whether the packet comes before or after, and not otherwise.
func TestArm(t *testing.T) {
	f, far := pair(t)
	send(t, far)
	if f.rings() {
		t.Error("it rings without being armed")
	}
	f.Arm()
	f.Arm()
	if err := f.Wait(); err != nil || f.rings() {
		t.Errorf("Wait: got %v; does it ring again: %v", err, f.rings())
	}
	err := f.Control(func(fd int) error {
		_, err := unix.Read(fd, make([]byte, 8))
		return err
	})
	if err != nil {
		t.Error(err)
	}
	f.Arm()
	if f.rings() {
		t.Error("it rings without a packet")
	}
	done := make(chan error)
	go func() { done <- f.Wait() }()
	send(t, far)
	if err := <-done; err != nil || f.rings() {
		t.Errorf("Wait: got %v; does it ring again: %v", err, f.rings())
	}
	f.Close()
	f.Arm()
	if err := f.Wait(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Wait: got %v, want net.ErrClosed", err)
	}
}

// Armed by ArmNow it rings with nothing to read.
func TestArmNow(t *testing.T) {
	f, _ := pair(t)
	f.Arm()
	f.ArmNow()
	if err := f.Wait(); err != nil || f.rings() {
		t.Errorf("Wait: got %v; does it ring again: %v", err, f.rings())
	}
	f.Close()
	f.ArmNow()
}

// A doze ends with a packet, with Rouse, whenever that was called, with Close, and when its time is over.
func TestDoze(t *testing.T) {
	f, far := pair(t)
	f.Doze(0)
	f.Rouse()
	f.Rouse()
	f.Doze(time.Hour)
	for _, end := range []func(){
		f.Rouse,
		func() { send(t, far) },
		func() { f.Close() },
	} {
		done := make(chan bool)
		go func() { f.Doze(time.Hour); done <- true }()
		end()
		<-done
	}
	f.Doze(time.Hour)
	f.Rouse()
}
