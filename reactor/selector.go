package reactor

import (
	"fmt"
	"math/bits"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// selector is the back end Select. It keeps the bitmaps, and gives the kernel copies, which that writes its answer over.
type selector struct {
	wide  bool
	read  bitmap // what is watched, armed
	write bitmap
	gens  []uint32 // by descriptor
	want  []Events // by descriptor, armed or not; 0 if it is not watched
	out   [2]bitmap
	n     int // one above the highest descriptor watched
}

// bitmap is an fd_set of any length: words of the machine's size, bit 0 of the first is descriptor 0.
type bitmap []uint

func (b bitmap) set(fd int)      { b[fd/bits.UintSize] |= 1 << (fd % bits.UintSize) }
func (b bitmap) clear(fd int)    { b[fd/bits.UintSize] &^= 1 << (fd % bits.UintSize) }
func (b bitmap) has(fd int) bool { return b[fd/bits.UintSize]>>(fd%bits.UintSize)&1 != 0 }

func newSelector(wide bool) (poller, error) {
	p := &selector{wide: wide}
	p.grow(FDSetSize)
	return p, nil
}

func (p *selector) close() {}

// grow makes room for n descriptors.
func (p *selector) grow(n int) {
	for len(p.gens) < n {
		p.gens, p.want = append(p.gens, 0), append(p.want, 0)
	}
	for len(p.read)*bits.UintSize < n {
		p.read, p.write = append(p.read, 0), append(p.write, 0)
		p.out[0], p.out[1] = append(p.out[0], 0), append(p.out[1], 0)
	}
}

func (p *selector) add(fd int, want Events, gen uint32) error {
	if fd >= FDSetSize && !p.wide {
		return fmt.Errorf("reactor: descriptor %d does not fit libc's fd_set, which has FD_SETSIZE = %d bits; the kernel takes longer ones: Config.WideSelect: %w",
			fd, FDSetSize, syscall.EINVAL)
	}
	if err := checkOpen(fd); err != nil {
		return err
	}
	p.grow(fd + 1)
	p.n = max(p.n, fd+1)
	return p.modify(fd, want, gen)
}

func (p *selector) modify(fd int, want Events, gen uint32) error {
	p.spend(fd)
	p.gens[fd], p.want[fd] = gen, want
	if want&Readable != 0 {
		p.read.set(fd)
	}
	if want&Writable != 0 {
		p.write.set(fd)
	}
	return nil
}

func (p *selector) remove(fd int) error {
	p.spend(fd)
	p.want[fd] = 0
	for p.n > 0 && p.want[p.n-1] == 0 {
		p.n--
	}
	return nil
}

func (p *selector) spend(fd int) {
	p.read.clear(fd)
	p.write.clear(fd)
}

func (p *selector) wait(ready []event, timeout time.Duration) ([]event, error) {
	words := (p.n + bits.UintSize - 1) / bits.UintSize
	copy(p.out[0], p.read[:words])
	copy(p.out[1], p.write[:words])
	ts := timespec(timeout)
	n, _, errno := unix.Syscall6(unix.SYS_PSELECT6, uintptr(p.n), uintptr(unsafe.Pointer(&p.out[0][0])), uintptr(unsafe.Pointer(&p.out[1][0])),
		0, uintptr(unsafe.Pointer(ts)), 0)
	switch errno {
	case 0:
	case unix.EINTR:
		return ready, nil
	case unix.EBADF:
		return p.closedOnes(ready), nil
	default:
		return ready, os.NewSyscallError("pselect6", errno)
	}
	for w := 0; w < words && n > 0; w++ {
		for set := p.out[0][w] | p.out[1][w]; set != 0; set &= set - 1 {
			fd := w*bits.UintSize + bits.TrailingZeros(set)
			ready = append(ready, event{int32(fd), p.gens[fd], p.answer(fd)})
		}
	}
	return ready, nil
}

// answer returns what the kernel has said of fd.
func (p *selector) answer(fd int) (e Events) {
	if p.out[0].has(fd) {
		e |= Readable
	}
	if p.out[1].has(fd) {
		e |= Writable
	}
	return e
}

// closedOnes reports the descriptors that were closed without Remove: for one of them the kernel refuses all.
func (p *selector) closedOnes(ready []event) []event {
	for fd, want := range p.want[:p.n] {
		if want != 0 && (p.read.has(fd) || p.write.has(fd)) && checkOpen(fd) != nil {
			ready = append(ready, event{int32(fd), p.gens[fd], readiness})
		}
	}
	return ready
}
