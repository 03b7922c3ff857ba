package reactor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBackendsAgree drives a loop on each back end through the same random sequence of registrations, changes, removals,
// and readiness that comes and goes, level-triggered and one-shot, and compares the callbacks of every turn with each other
// and with what poll(2) says of each descriptor alone.
func TestBackendsAgree(t *testing.T) {
	for seed := range uint64(60) {
		worlds := make([]*world, len(backends))
		for i, b := range backends {
			worlds[i] = newWorld(t, b)
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		for step := range 400 {
			ops := make([]op, 1+rnd.IntN(4))
			for i := range ops {
				ops[i] = randomOp(rnd)
			}
			during := op{kind: opNothing}
			if rnd.IntN(3) == 0 {
				during = randomOp(rnd)
			}
			for _, w := range worlds {
				for _, o := range ops {
					w.do(o)
				}
				w.during = during
				want := w.expect()
				must(t, w.loop.Turn(0))
				slices.Sort(w.got)
				if !slices.Equal(w.got, want) {
					t.Fatalf("seed %d, step %d, %v, after %v:\ngot  %q\nwant %q", seed, step, w.loop.Backend(), ops, w.got, want)
				}
			}
			for _, w := range worlds[1:] {
				if got, want := w.got, worlds[0].got; !slices.Equal(got, want) {
					t.Fatalf("seed %d, step %d, after %v:\n%v: %q\n%v: %q", seed, step, ops, w.loop.Backend(), got, worlds[0].loop.Backend(), want)
				}
			}
		}
		for _, w := range worlds {
			w.close()
		}
	}
}

const worldSize = 8

// world is a loop and the descriptors that it watches.
type world struct {
	t      *testing.T
	loop   *Loop
	fd     [worldSize]int
	peer   [worldSize]int
	desc   [worldSize]*Desc // nil if not registered
	spent  [worldSize]bool  // one-shot, and has fired
	during op               // what the callback of during.i does
	got    []string         // callbacks of this turn
}

type opKind uint8

const (
	opNothing opKind = iota
	opRegister
	opModify
	opRemove
	opSend   // the peer sends: readable
	opDrain  // not readable any more
	opFill   // not writable any more
	opEmpty  // the peer reads all: writable
	opHangUp // the peer closes its end, for good
	opReopen // another file under the same number, without Remove first if it is not registered
	opKinds
)

type op struct {
	kind opKind
	i    int
	want Events
}

func (o op) String() string {
	return fmt.Sprintf("%s %d %v", [...]string{"nothing", "register", "modify", "remove", "send", "drain", "fill", "empty", "hang up", "reopen"}[o.kind], o.i, o.want)
}

func randomOp(rnd *rand.Rand) op {
	o := op{opKind(rnd.IntN(int(opKinds))), rnd.IntN(worldSize), Events(rnd.IntN(8))}
	if o.kind == opHangUp && rnd.IntN(4) > 0 {
		o.kind = opModify // hang-ups last, so they are rare
	}
	return o
}

func newWorld(t *testing.T, b Backend) *world {
	w := &world{t: t, loop: newLoop(t, Config{Backend: b})}
	for i := range w.fd {
		w.fd[i], w.peer[i] = openPair(t)
	}
	return w
}

func openPair(t testing.TB) (a, b int) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	return p[0], p[1]
}

func (w *world) close() {
	w.loop.Close()
	for i := range w.fd {
		unix.Close(w.fd[i])
		if w.peer[i] >= 0 {
			unix.Close(w.peer[i])
		}
	}
}

func (w *world) do(o op) {
	i := o.i
	switch d := w.desc[i]; o.kind {
	case opRegister:
		if d == nil {
			w.desc[i] = register(w.t, w.loop, w.fd[i], o.want, func(e Events) { w.called(i, e) })
			w.spent[i] = false
		} else if _, err := w.loop.Register(w.fd[i], o.want, nil); err == nil {
			w.t.Error("a second registration was taken")
		}
	case opModify:
		if d != nil {
			must(w.t, d.Modify(o.want))
			w.spent[i] = false
		}
	case opRemove:
		if d != nil {
			must(w.t, d.Remove())
			w.desc[i] = nil
		}
	case opHangUp:
		if w.peer[i] >= 0 {
			unix.Close(w.peer[i])
			w.peer[i] = -1
		}
	case opReopen:
		w.do(op{kind: opRemove, i: i})
		w.do(op{kind: opHangUp, i: i})
		a, b := openPair(w.t)
		must(w.t, unix.Dup3(a, w.fd[i], unix.O_CLOEXEC))
		unix.Close(a)
		w.peer[i] = b
	default:
		w.move(o)
	}
}

// move makes readiness come or go.
func (w *world) move(o op) {
	var buf [65536]byte
	switch o.kind {
	case opSend:
		_, _ = unix.Write(w.peer[o.i], buf[:1])
	case opDrain:
		readAll(w.fd[o.i], buf[:])
	case opEmpty:
		readAll(w.peer[o.i], buf[:])
	case opFill:
		for n := 1; n > 0; {
			n, _ = unix.SendmsgN(w.fd[o.i], buf[:], nil, nil, unix.MSG_NOSIGNAL)
		}
	}
}

func readAll(fd int, buf []byte) {
	for n := 1; n > 0; {
		n, _ = unix.Read(fd, buf)
	}
}

// called is the callback of descriptor i.
func (w *world) called(i int, e Events) {
	w.got = append(w.got, fmt.Sprint(i, e))
	if w.desc[i].want&OneShot != 0 {
		w.spent[i] = true
	}
	if w.during.i == i { // a callback that changes its own descriptor
		w.do(w.during)
	}
}

// expect returns what the next turn is to call, by the kernel's word on each descriptor.
func (w *world) expect() (want []string) {
	w.got = w.got[:0]
	for i, d := range w.desc {
		if d == nil || w.spent[i] || d.want&readiness == 0 {
			continue
		}
		p := []unix.PollFd{{Fd: int32(w.fd[i]), Events: unix.POLLIN | unix.POLLOUT}}
		for {
			if _, err := unix.Poll(p, 0); err != unix.EINTR { // the runtime's own signals
				must(w.t, err)
				break
			}
		}
		if e := pollReady(p[0].Revents) & d.want; e != 0 {
			want = append(want, fmt.Sprint(i, e))
		}
	}
	slices.Sort(want)
	return want
}
