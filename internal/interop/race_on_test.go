//go:build race

package interop

// slow divides how much the largest transfers carry: the race detector looks at every byte of a packet.
const slow = 20
