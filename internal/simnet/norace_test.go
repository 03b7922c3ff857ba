//go:build !race

package simnet

const race = false
