package multiplex

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// pollCrowd is how many descriptors the experiment opens, where the machine allows it; pollLeast how many there have to be.
const (
	pollCrowd = 15_000
	pollLeast = 2000
)

var pollExperiment = Experiment{
	Name:  "poll",
	Title: "poll with 15,000 descriptors",
	Does: `It opens 15,000 sockets, writes to three, and has poll tell which are readable; it lets epoll do the same for comparison, and
then lowers the process's limit of open files below what poll is watching.`,
	Expect: `select stops at 1,024. Perhaps poll stops somewhere too; or it does not, and then all is well.`,
	Why: `poll takes an array with an entry for each descriptor, as long as it has to be, so the numbers of descriptors do not matter.
The only limit is RLIMIT_NOFILE: do_sys_poll() in the kernel's fs/select.c refuses a longer array with EINVAL, even if the
descriptors are open already.

But the array goes into the kernel in every call, eight bytes for each descriptor, and the kernel calls the poll method of
each file to find the few that are ready; the answers come back the same way, and the program looks through them all. The cost
of a call grows with what is watched, not with what happens. epoll is told of a descriptor once (epoll_ctl); a wake-up puts it
on a list (ep_poll_callback() in fs/eventpoll.c), and epoll_wait takes what is on the list. With many descriptors most of
which are idle, as servers have them, that is the whole difference; where nearly all are ready, poll is even the cheaper one.

Times are for this machine and moment; antedon bench poll measures them properly.
Read on: poll(2); epoll(7); fs/select.c, do_poll(); fs/eventpoll.c, ep_send_events().`,
	run: runPoll,
}

func runPoll(o *Outcome) error {
	n := pollCrowd
	allowed, err := allow(n)
	if err != nil {
		return err
	}
	if allowed < n {
		o.note("the machine does not allow 15,000 descriptors", (&limitError{n, allowed}).Error())
		if n = allowed / 2 * 2; n < pollLeast {
			return &limitError{pollCrowd, allowed}
		}
	}
	c, err := openCrowd(n)
	if err != nil {
		return err
	}
	defer c.close()
	g, err := o.pollThree(c)
	if err != nil {
		return err
	}
	defer g.loop.Close()
	if err := o.compareTurns(c); err != nil {
		return err
	}
	return o.lowerLimit(g)
}

// pollThree lets poll find three of the crowd.
func (o *Outcome) pollThree(c *crowd) (*gauge, error) {
	g, err := newGauge(c, Poll)
	if err != nil {
		return nil, err
	}
	turns, _, err := g.run(3)
	if err != nil {
		g.loop.Close()
		return nil, err
	}
	o.see("sockets that poll watches", len(g.seen), c.n)
	o.see("the highest descriptor is beyond libc's fd_set", c.highest() >= fdSetSize, true)
	o.see("with three of them readable: turns of the loop until they are found", turns, 1)
	o.see("callbacks in it", g.events, 3)
	var told []int
	for i, seen := range g.seen {
		if seen == g.occasion {
			told = append(told, i)
		}
	}
	o.see("they are the three that were written to", told, slices.Sorted(slices.Values(c.deal[c.next-3:c.next])))
	o.note("bytes handed to the kernel in each turn", 8*c.n)
	return g, nil
}

// turnsCompared are how many turns the times that are shown are the median of.
const turnsCompared = 51

// compareTurns shows what a turn takes with few descriptors and with all, one of them ready.
func (o *Outcome) compareTurns(all *crowd) error {
	few, err := openCrowd(10)
	if err != nil {
		return err
	}
	defer few.close()
	for _, p := range []Poller{Poll, EpollLT} {
		var times []time.Duration
		for _, c := range []*crowd{few, all} {
			took, err := medianTurn(c, p)
			if err != nil {
				return err
			}
			times = append(times, took)
		}
		o.note(fmt.Sprintf("a turn of %s with one of 10 readable, and with one of %d", p, all.n), fmt.Sprintf("%v, %v", times[0], times[1]))
	}
	return nil
}

func medianTurn(c *crowd, p Poller) (time.Duration, error) {
	g, err := newGauge(c, p)
	if err != nil {
		return 0, err
	}
	defer g.loop.Close()
	var times []time.Duration
	for range turnsCompared {
		_, took, err := g.run(1)
		if err != nil {
			return 0, err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// lowerLimit lets the kernel refuse what it has taken before.
func (o *Outcome) lowerLimit(g *gauge) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	low := unix.Rlimit{Cur: uint64(len(g.seen) - 1000), Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		return err
	}
	refusal := g.loop.Turn(0)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	o.see(fmt.Sprintf("with RLIMIT_NOFILE lowered to %d the kernel refuses the array with EINVAL", low.Cur), errors.Is(refusal, unix.EINVAL), true)
	o.note("what the loop says of it", refusal)
	_, _, err := g.run(3)
	o.see("with the limit as it was, callbacks with three readable", g.events, 3)
	return err
}
