package main

import (
	"io"
	"time"
)

// idleTimer tells when nothing has been copied for a while.
type idleTimer struct {
	limit   time.Duration
	timer   *time.Timer
	expired <-chan time.Time // nil if there is no limit
}

func newIdleTimer(limit time.Duration) *idleTimer {
	if limit <= 0 {
		return &idleTimer{}
	}
	t := time.NewTimer(limit)
	return &idleTimer{limit: limit, timer: t, expired: t.C}
}

func (t *idleTimer) touch() {
	if t.timer != nil {
		t.timer.Reset(t.limit)
	}
}

func (t *idleTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
}

// reader returns r with the timer starting anew at each read.
func (t *idleTimer) reader(r io.Reader) io.Reader {
	if t.timer == nil {
		return r
	}
	return touchingReader{t, r}
}

// writer does the same for w.
func (t *idleTimer) writer(w io.Writer) io.Writer {
	if t.timer == nil {
		return w
	}
	return touchingWriter{t, w}
}

type touchingReader struct {
	t *idleTimer
	r io.Reader
}

func (r touchingReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.t.touch()
	return n, err
}

type touchingWriter struct {
	t *idleTimer
	w io.Writer
}

func (w touchingWriter) Write(p []byte) (int, error) {
	w.t.touch()
	return w.w.Write(p)
}
