package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// end is an end of a pipe as standard input and output come: blocking.
type end struct {
	fd    int
	close func()
}

func newPipe(t *testing.T) (r, w end) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	var ends [2]end
	for i, fd := range fds {
		ends[i] = end{fd, sync.OnceFunc(func() { unix.Close(fd) })}
		t.Cleanup(ends[i].close)
	}
	return ends[0], ends[1]
}

func newTestLoop(t *testing.T) *reactor.Loop {
	t.Helper()
	l, err := reactor.New(reactor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// turns lets the loop turn until something has come about.
func turns(t *testing.T, l *reactor.Loop, until func() bool) {
	t.Helper()
	for start := time.Now(); !until(); {
		if err := l.Turn(time.Second); err != nil {
			t.Fatal(err)
		}
		if time.Since(start) > limit {
			t.Fatal("the loop turns in vain")
		}
	}
}

// TestInlet: whoever takes gets what comes, the next one what was left and what follows, and everybody after that the end. Nobody
// is called after leaving.
func TestInlet(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() int{
		"pipe": func() int {
			r, w := newPipe(t)
			unix.Write(w.fd, []byte("abcdef"))
			w.close()
			return r.fd
		},
		"file": func() int {
			name := filepath.Join(t.TempDir(), "input")
			if err := os.WriteFile(name, []byte("abcdef"), 0o666); err != nil {
				t.Fatal(err)
			}
			fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Close(fd) })
			return fd
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLoop(t)
			in := newInlet(l, open(), "input")
			take := func(most int) (got string, end error) {
				err := in.want(func() {
					b, err := in.next()
					b = b[:min(len(b), most-len(got))]
					got += string(b)
					in.take(len(b))
					if end = err; err != nil || len(got) == most {
						in.leave()
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				turns(t, l, func() bool { return !in.wanted })
				return got, end
			}
			if got, err := take(2); got != "ab" || err != nil {
				t.Errorf("the first takes %q, %v, want ab", got, err)
			}
			if err := l.Turn(0); err != nil { // in which nobody is called: ready is nil
				t.Fatal(err)
			}
			if got, err := take(10); got != "cdef" || !errors.Is(err, io.EOF) {
				t.Errorf("the second takes %q, %v, want cdef and the end", got, err)
			}
			if got, err := take(1); got != "" || !errors.Is(err, io.EOF) {
				t.Errorf("the third takes %q, %v, want the end", got, err)
			}
		})
	}
}

// TestInletWaits: what a call back for the rest of one piece leaves to read is not read before it is there, which would hold up
// the loop.
func TestInletWaits(t *testing.T) {
	t.Parallel()
	l := newTestLoop(t)
	r, w := newPipe(t)
	in := newInlet(l, r.fd, "input")
	var got string
	ready := func() {
		b, err := in.next()
		if err != nil {
			t.Error(err)
		}
		got += string(b)
		in.take(len(b))
	}
	unix.Write(w.fd, []byte("ab"))
	if err := in.want(func() { in.next(); in.leave() }); err != nil {
		t.Fatal(err)
	}
	turns(t, l, func() bool { return len(in.rest) == 2 && !in.wanted })
	if err := in.want(ready); err != nil {
		t.Fatal(err)
	}
	unix.Write(w.fd, []byte("c")) // so that both reasons to be called come at once
	turns(t, l, func() bool { return got == "abc" })
	for range 3 {
		if err := l.Turn(0); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutlet: an output takes what it has room for, without waiting, and says when it has more.
func TestOutlet(t *testing.T) {
	t.Parallel()
	data := noise("outlet", 1<<20)
	for name, careful := range map[string]bool{"writes that must not wait": false, "writes of a little": true} {
		t.Run(name, func(t *testing.T) {
			l := newTestLoop(t)
			r, w := newPipe(t)
			out := newOutlet(l, w.fd, "output")
			out.careful = careful
			var got []byte
			b := make([]byte, 64<<10)
			waits, rest := 0, data
			for called := true; len(got) < len(data); {
				if called {
					called = false
					half := len(rest) / 2
					n, err := out.write([][]byte{rest[:half], rest[half:]}, func() { called = true })
					if rest = rest[n:]; err != nil {
						t.Fatal(err)
					}
				}
				if len(rest) > 0 {
					waits++
				}
				n, err := unix.Read(r.fd, b)
				if got = append(got, b[:n]...); err != nil {
					t.Fatal(err)
				}
				turns(t, l, func() bool { return called || len(rest) == 0 })
			}
			if waits == 0 || !bytes.Equal(got, data) {
				t.Errorf("after %d waits the bytes are others", waits)
			}
			r.close() // processes that are being started have it open a little longer
			var broken error
			var again func()
			again = func() { _, broken = out.write([][]byte{data}, again) }
			again()
			turns(t, l, func() bool { return broken != nil })
			if !errors.Is(broken, unix.EPIPE) || broken.Error() != "write output: broken pipe" {
				t.Errorf("got %v, want a broken pipe", broken)
			}
		})
	}
	t.Run("file", func(t *testing.T) {
		f, err := os.CreateTemp(t.TempDir(), "output")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out := newOutlet(newTestLoop(t), int(f.Fd()), "output")
		if n, err := out.write([][]byte{data[:10], data[10:]}, nil); n != len(data) || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%v, the file has %d bytes", err, len(got))
		}
	})
}
