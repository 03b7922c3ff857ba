//go:build !race

package interop

const slow = 1
