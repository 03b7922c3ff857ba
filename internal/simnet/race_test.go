//go:build race

package simnet

// race is set if the race detector is at work. There is nothing for it to find here, where nothing runs at the same time;
// it only makes everything slow.
const race = true
