package multiplex

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// The bytes that are sent, and how many of them a lazy reader takes when it is called.
const (
	edgeBytes = 10
	edgeTaken = 4
)

var edgeExperiment = Experiment{
	Name:  "edge",
	Title: "level against edge, when a reader does not drain",
	Does: `It sends 10 bytes to a reader that takes 4 each time it is called, once level-triggered and once edge-triggered (EPOLLET), and
then shows three ways to be right with edges. The loop never waits, so all that is going to happen has happened.`,
	Expect: `There are bytes to read, so the reader is called until there are none: three times, 4 + 4 + 2. The trigger ought not to matter.`,
	Why: `A level says that something IS so: "there are bytes to read", and it is said in every turn for as long as it holds. poll and
select know nothing else. An edge says that something HAS HAPPENED: "bytes have come". It is said once for each arrival, and
whoever does not take everything then waits for the next, with bytes lying there. If the peer waits for an answer to them, both
wait for ever: the classic deadlock, which shows only under load, when what was sent comes in pieces.

In the kernel the difference is one line: ep_send_events() in fs/eventpoll.c puts a level-triggered descriptor back on the list
of the ready after it has told of it, and asks its file again at the next epoll_wait. An edge-triggered one gets there through
a wake-up only. So an edge saves that second look. The price: read until EAGAIN (or, from a stream, until a read comes back
short); or, to let others have their turn, remember to go on. EPOLL_CTL_MOD looks at the file as well, which is how one-shot
descriptors are armed again without losing anything.

Read on: epoll(7), "Level-triggered and edge-triggered", its last question and answer, and "Starvation".`,
	run: runEdge,
}

func runEdge(o *Outcome) error {
	for _, part := range []func(*Outcome) error{
		(*Outcome).level, (*Outcome).edge, (*Outcome).edgeDrained, (*Outcome).edgeAgain, (*Outcome).edgeRearmed, (*Outcome).edgeElsewhere,
	} {
		if err := part(o); err != nil {
			return err
		}
	}
	return nil
}

// reader is one end of a pair that is watched, and what it has done.
type reader struct {
	crowd  *crowd // one of a pair reads, the other is written to
	loop   *reactor.Loop
	desc   *reactor.Desc
	calls  int
	taken  int
	onRead func() // after each read; nil for nothing
	limit  int    // bytes to take in a call; 0 for all there are
}

func newReader(want reactor.Events, limit int) (*reader, error) {
	c, err := openCrowd(2)
	if err != nil {
		return nil, err
	}
	r := &reader{crowd: c, limit: limit}
	if r.loop, err = reactor.New(reactor.Config{}); err == nil {
		r.desc, err = r.loop.Register(c.fds[0], want, r.read)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *reader) close() {
	if r.loop != nil {
		r.loop.Close()
	}
	r.crowd.close()
}

// read takes as many bytes as the limit says, or reads until there are none.
func (r *reader) read(reactor.Events) {
	r.calls++
	b := make([]byte, edgeTaken)
	for {
		n, err := unix.Read(r.crowd.fds[0], b)
		r.taken += max(n, 0)
		if err != nil || n == 0 || r.limit > 0 {
			break
		}
	}
	if r.onRead != nil {
		r.onRead()
	}
}

// send writes n bytes to the reader.
func (r *reader) send(n int) error {
	_, err := unix.Write(r.crowd.fds[1], make([]byte, n))
	return err
}

// enough is more turns than anything here takes.
const enough = 10

// settle takes turns that do not wait, until nothing more is going to happen.
func (r *reader) settle() error {
	for range enough {
		if err := r.loop.Turn(0); err != nil {
			return err
		}
	}
	return nil
}

// waiting returns how many bytes lie unread.
func (r *reader) waiting() (int, error) { return unix.IoctlGetInt(r.crowd.fds[0], unix.TIOCINQ) }

// tell sends bytes to a reader and notes how often it is called and what is left.
func (o *Outcome) tell(r *reader, bytes int, what string, calls, left int) error {
	before := r.calls
	if err := r.send(bytes); err != nil {
		return err
	}
	come := fmt.Sprintf("%d bytes come", bytes)
	if bytes == 1 {
		come = "one more byte comes"
	}
	return o.after(r, before, what+", "+come, calls, left)
}

// after lets a reader be called and notes how often that was, counted from before, and what is left.
func (o *Outcome) after(r *reader, before int, what string, calls, left int) error {
	if err := r.settle(); err != nil {
		return err
	}
	unread, err := r.waiting()
	if err != nil {
		return err
	}
	const format = "%d calls, %d bytes left unread"
	o.see(what, fmt.Sprintf(format, r.calls-before, unread), fmt.Sprintf(format, calls, left))
	return nil
}

// with makes a reader for as long as fn runs.
func with(want reactor.Events, limit int, fn func(r *reader) error) error {
	r, err := newReader(want, limit)
	if err != nil {
		return err
	}
	defer r.close()
	return fn(r)
}

func (o *Outcome) level() error {
	return with(reactor.Readable, edgeTaken, func(r *reader) error {
		return o.tell(r, edgeBytes, "level-triggered, the reader takes 4 at a time", 3, 0)
	})
}

func (o *Outcome) edge() error {
	return with(reactor.Readable|reactor.Edge, edgeTaken, func(r *reader) error {
		if err := o.tell(r, edgeBytes, "edge-triggered, the reader takes 4 at a time", 1, 6); err != nil {
			return err
		}
		return o.tell(r, 1, "the same reader again, behind by 6", 1, 3)
	})
}

func (o *Outcome) edgeDrained() error {
	return with(reactor.Readable|reactor.Edge, 0, func(r *reader) error {
		return o.tell(r, edgeBytes, "the cure: edge-triggered, the reader reads until EAGAIN", 1, 0)
	})
}

func (o *Outcome) edgeAgain() error {
	return with(reactor.Readable|reactor.Edge, edgeTaken, func(r *reader) error {
		r.onRead = func() {
			if left, _ := r.waiting(); left > 0 {
				r.desc.Again(reactor.Readable)
			}
		}
		return o.tell(r, edgeBytes, "another: it takes 4 and asks the loop to be called Again", 3, 0)
	})
}

func (o *Outcome) edgeRearmed() error {
	return with(reactor.Readable|reactor.Edge, edgeTaken, func(r *reader) error {
		if err := o.tell(r, edgeBytes, "a third: it takes 4 and stops", 1, 6); err != nil {
			return err
		}
		before := r.calls
		if err := r.desc.Modify(reactor.Readable | reactor.Edge); err != nil {
			return err
		}
		return o.after(r, before, "and registers anew (EPOLL_CTL_MOD), without new bytes", 1, 2)
	})
}

// edgeElsewhere asks the other pollers for edges.
func (o *Outcome) edgeElsewhere() error {
	for _, p := range []Poller{Select, Poll} {
		loop, err := reactor.New(p.config())
		if err != nil {
			return err
		}
		c, err := openCrowd(2)
		if err != nil {
			loop.Close()
			return err
		}
		_, err = loop.Register(c.fds[0], reactor.Readable|reactor.Edge, func(reactor.Events) {})
		o.see(fmt.Sprintf("%s refuses edges", p), errors.Is(err, errors.ErrUnsupported), true)
		loop.Close()
		c.close()
	}
	return nil
}
