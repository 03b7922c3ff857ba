package reactor

import "time"

// event says that a descriptor is ready. The generation tells registrations of the same number apart.
type event struct {
	fd    int32
	gen   uint32
	ready Events
}

// poller is a back end. The loop gives it only what checkEvents has allowed, with Readable or Writable in want, and never
// the same descriptor twice.
type poller interface {
	// add watches fd; its events will carry gen.
	add(fd int, want Events, gen uint32) error

	// modify replaces what fd is watched for, neither of them Exclusive, and arms it if it is spent.
	modify(fd int, want Events, gen uint32) error

	// remove forgets fd, which may be closed already.
	remove(fd int) error

	// spend is told that the event of a OneShot descriptor has been delivered: fd is not to be reported before modify.
	spend(fd int)

	// wait appends to ready what is ready. It waits for it, for ever if timeout is negative, not at all if it is 0. It may
	// return nothing before the timeout, never before a signal or an event would end the wait for nothing.
	wait(ready []event, timeout time.Duration) ([]event, error)

	close()
}

func newPoller(c *Config) (poller, error) {
	switch c.Backend {
	case Epoll:
		return newEpoll()
	case Poll:
		return newPoll()
	case Select:
		return newSelector(c.WideSelect)
	}
	return nil, &backendError{c.Backend.String()}
}
