package multiplex

import (
	"fmt"
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// crowd is a number of descriptors that can be made ready to read: the ends of pairs of unix sockets. Whatever is written to
// one end makes the other ready.
type crowd struct {
	fds  []int // 2i and 2i+1 are a pair; those from n on are not watched
	n    int
	deal []int // a random order of the n
	next int   // the first of deal to be chosen
}

// openCrowd makes a crowd of n.
func openCrowd(n int) (*crowd, error) {
	switch allowed, err := allow(n + n%2); {
	case err != nil:
		return nil, err
	case allowed < n:
		return nil, &limitError{n, allowed}
	}
	c := &crowd{n: n, deal: rand.New(rand.NewPCG(1, uint64(n))).Perm(n)}
	for len(c.fds) < n {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			made := len(c.fds)
			c.close()
			return nil, fmt.Errorf("after %d of %d descriptors: %w", made, n, os.NewSyscallError("socketpair", err))
		}
		c.fds = append(c.fds, pair[0], pair[1])
	}
	return c, nil
}

func (c *crowd) close() {
	for _, fd := range c.fds {
		unix.Close(fd)
	}
	c.fds = nil
}

// highest returns the largest number of a descriptor.
func (c *crowd) highest() int {
	highest := 0
	for _, fd := range c.fds[:c.n] {
		highest = max(highest, fd)
	}
	return highest
}

// choose returns others of the crowd each time, scattered over it.
func (c *crowd) choose(k int) []int {
	if c.next+k > len(c.deal) {
		c.next = 0
	}
	chosen := c.deal[c.next : c.next+k]
	c.next += k
	return chosen
}

// rouse makes a descriptor ready.
func (c *crowd) rouse(i int) error {
	_, err := unix.Write(c.fds[i^1], []byte{1})
	return os.NewSyscallError("write", err)
}

// calm takes what makes a descriptor ready.
func (c *crowd) calm(i int) error {
	var b [8]byte
	_, err := unix.Read(c.fds[i], b[:])
	return os.NewSyscallError("read", err)
}

// each does something with each of those chosen.
func each(chosen []int, do func(i int) error) error {
	for _, i := range chosen {
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}
