//go:build !amd64 || race

package buffer

const hasCopyBlocks = false

func copyBlocks(dst, src *byte, n int) { panic("buffer: no copyBlocks here") }
