package capture_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/pipe"
)

// turns is a queue that can be read in turns, in name only.
type turns struct{ link.Queue }

func (turns) Arm()               {}
func (turns) Wait() error        { return nil }
func (turns) Doze(time.Duration) {}
func (turns) Rouse()             {}

// attacher is a device that has one more queue to give: that of another pipe.
type attacher struct {
	link.Device
	more     link.Waiter
	detached bool
}

func (a *attacher) AttachQueue() (link.Waiter, error) { return a.more, nil }

func (a *attacher) DetachQueue(q link.Waiter) error {
	if q != a.more {
		return errors.New("another queue")
	}
	a.detached = true
	return nil
}

func TestAttach(t *testing.T) {
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Config{})
	inner, _ := pipe.New(pipe.Config{})
	more, far := pipe.New(pipe.Config{})
	a := &attacher{Device: inner, more: turns{more.Queues()[0]}}
	dev := capture.New(a, w)
	q, err := dev.AttachQueue()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := q.Write([]link.Packet{linktest.Echo(ours, kernels, 10)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := far.Queues()[0].Read(linktest.Packets(2)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := dev.DetachQueue(a.more); err == nil || a.detached {
		t.Error("a queue was detached that this device did not return")
	}
	if err := dev.DetachQueue(q); err != nil || !a.detached {
		t.Errorf("DetachQueue: %v; detached: %v", err, a.detached)
	}
	if again, err := dev.AttachQueue(); again != q || err != nil {
		t.Errorf("attached again it is another queue, or %v", err)
	}
	if err := errors.Join(dev.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if got := len(read(t, out.Bytes()).records); got != 1 {
		t.Errorf("%d packets captured, want the one written to the attached queue", got)
	}
}

func TestAttachUnsupported(t *testing.T) {
	var out bytes.Buffer
	inner, _ := pipe.New(pipe.Config{})
	dev := capture.New(inner, capture.NewWriter(&out, capture.Config{}))
	if _, err := dev.AttachQueue(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("AttachQueue: got %v, want errors.ErrUnsupported", err)
	}
	if err := dev.DetachQueue(turns{inner.Queues()[0]}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("DetachQueue: got %v, want errors.ErrUnsupported", err)
	}
}
