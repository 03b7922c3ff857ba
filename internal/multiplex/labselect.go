package multiplex

import (
	"fmt"
	"math/bits"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// selectCrowd is how many descriptors the experiment opens: some more than libc's fd_set has bits for.
const selectCrowd = 1100

var selectExperiment = Experiment{
	Name:  "select",
	Title: "select past 1,024 descriptors",
	Does: `It opens 1,100 sockets, each with a byte to read, and has select tell which are readable: by the rules of libc, in the way of
a program that ignores these, and by asking the kernel directly.`,
	Expect: `"select can watch 1,024 descriptors." So the 1,025th ought to be refused, by the kernel with an error.`,
	Why: `The number is not the kernel's. libc's fd_set is an array of FD_SETSIZE = 1,024 bits, fixed when a program is compiled, and
the limit is the NUMBER of a descriptor: with one descriptor open it can be too high. FD_SET writes its bit without looking,
beyond the array if need be, over whatever lies there; built with _FORTIFY_SOURCE, glibc aborts the program ("buffer overflow
detected"). No error is returned, since no one is asked.

The system call takes a pointer and a number of bits (nfds), and looks at no more, and at no fewer. core_sys_select() in the
kernel's fs/select.c copies as many bits as nfds says, cut off at the size of the process's descriptor table: longer bitmaps
work, and an nfds beyond all limits is no error either, though the manual has EINVAL for it. But every call goes
through all bits below nfds and asks the file of each that is set, writes its answer over the question, and says only how many
are ready: the program then goes through the bits again. So even a long select is slow: antedon bench poll.

Our event loop refuses descriptors beyond FD_SETSIZE with select, as libc ought to; Config.WideSelect lifts that.
Read on: select(2), NOTES and BUGS; fs/select.c, do_select().`,
	run: runSelect,
}

func runSelect(o *Outcome) error {
	// First: a loop has a descriptor of its own, and select cannot watch that either if its number is too high.
	libc, err := reactor.New(reactor.Config{Backend: reactor.Select})
	if err != nil {
		return err
	}
	defer libc.Close()
	wide, err := reactor.New(reactor.Config{Backend: reactor.Select, WideSelect: true})
	if err != nil {
		return err
	}
	defer wide.Close()
	c, err := openCrowd(selectCrowd)
	if err != nil {
		return err
	}
	defer c.close()
	for i := range c.n {
		if err := c.rouse(i); err != nil {
			return err
		}
	}
	beyond, err := o.selectAsLibc(libc, c)
	if err != nil {
		return err
	}
	o.overflow(beyond)
	if err := o.selectInKernel(c, beyond); err != nil {
		return err
	}
	_, called, _, err := watchAll(wide, c)
	o.see("a loop with longer bitmaps (WideSelect): callbacks", called, selectCrowd)
	return err
}

// selectAsLibc has a loop watch the crowd by libc's rules. It returns the first descriptor that this refuses.
func (o *Outcome) selectAsLibc(loop *reactor.Loop, c *crowd) (beyond int, err error) {
	watched, called, refusal, err := watchAll(loop, c)
	if err != nil {
		return 0, err
	}
	beyond = c.fds[min(watched, c.n-1)]
	o.note("a loop that keeps to libc's fd_set watches", fmt.Sprintf("%d of %d sockets", watched, selectCrowd))
	o.see("the first descriptor that it refuses", beyond, reactor.FDSetSize)
	o.note("its reason", refusal)
	o.see("callbacks, one for each that it watches", called, watched)
	return beyond, nil
}

// watchAll registers what the loop takes of the crowd, all of it ready, and makes one turn.
func watchAll(loop *reactor.Loop, c *crowd) (watched, called int, refusal, err error) {
	for _, fd := range c.fds {
		switch _, err := loop.Register(fd, reactor.Readable, func(reactor.Events) { called++ }); {
		case err == nil:
			watched++
		case refusal == nil:
			refusal = err
		}
	}
	err = loop.Turn(lost)
	return watched, called, refusal, err
}

// libcSet is what a C program has in memory: an fd_set, and after it whatever its compiler has put there.
type libcSet struct {
	bits      [reactor.FDSetSize / 64]uint64
	neighbour uint64
}

// overflow does what FD_SET does, in memory that can bear it.
func (o *Outcome) overflow(fd int) {
	var memory libcSet
	words := unsafe.Slice(&memory.bits[0], unsafe.Sizeof(memory)/8)
	words[fd/64] |= 1 << (fd % 64) // FD_SET(fd, &set), with its array of 16 words
	o.note("libc's fd_set", fmt.Sprintf("%d bytes, %d bits", unsafe.Sizeof(memory.bits), reactor.FDSetSize))
	o.see(fmt.Sprintf("FD_SET(%d, &set) without a check: bits set inside the fd_set", fd), countBits(memory.bits[:]), 0)
	o.see("the variable behind it in memory, which was 0", memory.neighbour, uint64(1)<<(fd%64))
}

func countBits(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// selectInKernel makes the system call itself.
func (o *Outcome) selectInKernel(c *crowd, beyond int) error {
	watch := []int{c.fds[0], beyond, c.highest()}
	for _, ask := range []struct {
		nfds int
		want int
		what string
	}{
		{reactor.FDSetSize, 1, "nfds = 1024, as far as libc's fd_set goes"},
		{c.highest() + 1, 3, fmt.Sprintf("nfds = %d, a longer bitmap", c.highest()+1)},
		{1 << 24, 3, "nfds = 16777216, far more than are open"},
	} {
		set := make([]uint64, ask.nfds/64+1)
		for _, fd := range watch {
			if fd/64 < len(set) {
				set[fd/64] |= 1 << (fd % 64)
			}
		}
		n, err := kernelSelect(ask.nfds, set)
		if err != nil {
			return err
		}
		o.see(fmt.Sprintf("the kernel about descriptors %d, %d and %d, all readable, with %s: ready", watch[0], watch[1], watch[2], ask.what), n, ask.want)
	}
	return nil
}

// kernelSelect returns what the system call does for a set of readable descriptors, which it does not wait for.
func kernelSelect(nfds int, set []uint64) (int, error) {
	var now unix.Timespec
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(nfds), uintptr(unsafe.Pointer(&set[0])), 0, 0, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		return 0, os.NewSyscallError("pselect6", errno)
	}
	return int(n), nil
}
