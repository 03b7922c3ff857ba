package buffer

import "unsafe"

// asideBlock is what copyBlocks copies at a time, and asideLeast what is worth calling it for.
const (
	asideBlock = 128
	asideLeast = 2 << 10
)

// CopyAside is copy for bytes that nobody is likely to look at soon, such as those kept in case a segment is lost: on amd64 it
// writes past the caches (non-temporal stores). They keep what they hold, and memory that another CPU has read last need not be
// taken away from that CPU's first, which costs several times as much as the copy.
func CopyAside(dst, src []byte) int {
	n := min(len(dst), len(src))
	if !hasCopyBlocks || n < asideLeast {
		return copy(dst[:n], src)
	}
	head := int(-uintptr(unsafe.Pointer(&dst[0])) % asideBlock)
	end := n - (n-head)%asideBlock
	copy(dst[:head], src)
	copyBlocks(&dst[head], &src[head], end-head)
	copy(dst[end:n], src[end:])
	return n
}
