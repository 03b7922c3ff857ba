package contest

import (
	"fmt"
	"slices"
	"strings"
)

// Stack names a contestant.
type Stack string

// The contestants.
const (
	Antedon       Stack = "antedon"
	Kernel        Stack = "kernel"
	GVisor        Stack = "gvisor"         // at its best: Reno, without RACK
	GVisorDefault Stack = "gvisor-default" // as it comes
)

// stacks are all contestants.
var stacks = []Stack{Antedon, Kernel, GVisor, GVisorDefault}

// DefaultStacks are those that take part unless others are named.
var DefaultStacks = []Stack{Antedon, Kernel, GVisor}

// ParseStacks parses a list of contestants, such as "antedon,kernel".
func ParseStacks(list string) ([]Stack, error) {
	var chosen []Stack
	for part := range strings.SplitSeq(list, ",") {
		s := Stack(strings.TrimSpace(part))
		switch {
		case !slices.Contains(stacks, s):
			return nil, fmt.Errorf("unknown stack %q: want some of %s", s, JoinStacks(stacks))
		case !slices.Contains(chosen, s):
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

// JoinStacks returns a list as ParseStacks takes it.
func JoinStacks(list []Stack) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ",")
}
