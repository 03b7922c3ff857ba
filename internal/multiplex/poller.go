package multiplex

import (
	"fmt"
	"slices"
	"strings"

	"github.com/antedon-net/antedon/reactor"
)

// Poller is a way to wait for descriptors.
type Poller string

// The pollers.
const (
	Select    Poller = "select"
	Poll      Poller = "poll"
	EpollLT   Poller = "epoll-lt" // level-triggered
	EpollEdge Poller = "epoll-et" // edge-triggered
)

// Pollers are all there are.
var Pollers = []Poller{Select, Poll, EpollLT, EpollEdge}

// ParsePollers understands a list of names, and "epoll" for both of its kinds.
func ParsePollers(s string) ([]Poller, error) {
	var list []Poller
	for name := range strings.SplitSeq(s, ",") {
		some := []Poller{Poller(strings.TrimSpace(name))}
		if some[0] == "epoll" {
			some = []Poller{EpollLT, EpollEdge}
		}
		for _, p := range some {
			if !slices.Contains(Pollers, p) {
				return nil, fmt.Errorf("unknown poller %q: want some of %s", name, Join(Pollers))
			}
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// Join is the list as ParsePollers understands it.
func Join(list []Poller) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = string(p)
	}
	return strings.Join(names, ",")
}

// config is that of a loop which waits so. Numbers beyond libc's fd_set are no reason for select to stay away.
func (p Poller) config() reactor.Config {
	backend := map[Poller]reactor.Backend{Select: reactor.Select, Poll: reactor.Poll}[p] // or Epoll
	return reactor.Config{Backend: backend, WideSelect: true}
}

// want is what a descriptor is watched for.
func (p Poller) want() reactor.Events {
	if p == EpollEdge {
		return reactor.Readable | reactor.Edge
	}
	return reactor.Readable
}
