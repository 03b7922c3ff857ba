//go:build race

package explore_test

// race is set if the race detector is at work, which finds nothing where nothing happens at the same time.
const race = true
