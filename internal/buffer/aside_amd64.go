//go:build amd64 && !race

package buffer

const hasCopyBlocks = true // but for the race detector, which does not see them

// copyBlocks copies n bytes, a multiple of asideBlock and not 0, past the caches. dst is aligned to 16 bytes.
//
//go:noescape
func copyBlocks(dst, src *byte, n int)
