package lockstep

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/notation"
	"golang.org/x/sys/unix"
)

// verbs are the steps by name: each makes of the rest of its line what is to be done.
var verbs map[string]func(args string) (func(*player) error, error)

func init() {
	verbs = map[string]func(args string) (func(*player) error, error){
		">":           verbEmit,
		"<":           verbExpect,
		"sleep":       verbSleep,
		"listen":      plain((*player).listen),
		"accept":      plain((*player).accept),
		"connect":     plain((*player).connect),
		"passive":     verbOpen((*player).openPassive),
		"active":      verbOpen((*player).openActive),
		"write":       number((*player).write),
		"read":        number((*player).read),
		"readable":    number((*player).checkReadable),
		"icmp":        verbICMP,
		"fill":        number((*player).fill),
		"quick":       verbQuick,
		"eof":         plain((*player).readEnd),
		"shutdown":    call("shut down", socket.shutdown),
		"close":       call("close", socket.close),
		"abort":       call("abort", socket.abort),
		"set":         verbSet,
		"error":       verbError,
		"state":       verbState,
		"ignore":      plain(func(p *player) error { p.queue = nil; return nil }),
		"flow":        number(func(p *player, n int) error { p.selectFlow(n); return nil }),
		"incarnation": number((*player).reincarnate),
		"config":      func(string) (func(*player) error, error) { return func(*player) error { return nil }, nil },
	}
}

func plain(run func(*player) error) func(string) (func(*player) error, error) {
	return func(args string) (func(*player) error, error) {
		if args != "" {
			return nil, errors.New("takes nothing")
		}
		return run, nil
	}
}

func number(run func(*player, int) error) func(string) (func(*player) error, error) {
	return func(args string) (func(*player) error, error) {
		n, err := strconv.Atoi(args)
		return func(p *player) error { return run(p, n) }, err
	}
}

// call is a step that makes a call on the socket.
func call(name string, do func(socket) error) func(string) (func(*player) error, error) {
	return plain(func(p *player) error {
		return p.act(func() error {
			p.note("%s", name)
			return do(p.socket)
		})
	})
}

func verbEmit(args string) (func(*player) error, error) {
	_, err := notation.Parse(numbers.ReplaceAllString(args, "0"))
	return func(p *player) error { return p.emit(args) }, err
}

func verbExpect(args string) (func(*player) error, error) {
	e, err := parseExpectation(args)
	return func(p *player) error { return p.expect(e) }, err
}

func verbSleep(args string) (func(*player) error, error) {
	d, err := time.ParseDuration(args)
	return func(p *player) error { return p.sleep(d) }, err
}

// verbOpen is a step that opens a connection to a peer with some options, after a round trip of some length.
func verbOpen(open func(*player, string, time.Duration) error) func(string) (func(*player) error, error) {
	return func(args string) (func(*player) error, error) {
		options, rtt, ok := strings.Cut(args, " rtt=")
		var d time.Duration
		var err error
		if ok {
			d, err = time.ParseDuration(rtt)
		}
		if err == nil {
			_, err = notation.Parse(options)
		}
		return func(p *player) error { return open(p, options, d) }, err
	}
}

func verbQuick(args string) (func(*player) error, error) {
	var n, size int
	_, err := fmt.Sscanf(args, "%d %d", &n, &size)
	return func(p *player) error { return p.quick(n, size) }, err
}

func verbSet(args string) (func(*player) error, error) {
	name, value, ok := strings.Cut(args, " ")
	n := 1
	var err error
	if ok {
		n, err = strconv.Atoi(value)
	}
	return func(p *player) error {
		return p.act(func() error {
			p.note("set %s %d", name, n)
			return p.socket.set(name, n)
		})
	}, err
}

func verbError(args string) (func(*player) error, error) {
	return func(p *player) error {
		var b [1]byte
		_, err := p.socket.read(b[:])
		if e, ok := errors.AsType[syscall.Errno](err); !ok || unix.ErrnoName(e) != args {
			return fmt.Errorf("got error %v", err)
		}
		return nil
	}, nil
}

func verbState(args string) (func(*player) error, error) {
	return func(p *player) error {
		got, err := p.socket.state()
		if err == nil && got != args {
			err = fmt.Errorf("the state is %s", got)
		}
		return err
	}, nil
}

func (p *player) sleep(d time.Duration) error {
	if err := p.quiet(); err != nil {
		return err
	}
	p.note("sleep %v", d)
	p.pace.check(p.end.now())
	end := p.end.now() + d
	err := p.collect(p.end.sleep(d))
	p.clock += d
	p.pace.resume(end)
	return err
}
