// Package lattice holds the tests that keep the house in order: which package may import which, what the protocol core
// must not touch, that documentation exists and its programs run, and that whoever imports us inherits next to nothing.
//
// It has no code of its own. The rules are in lattice.txt and at the head of each test file; change them there, with a
// reason in docs/decisions when a rule gives way.
package lattice
