package lockstep

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// setup is what a script says in its config step.
type setup struct {
	local, remote netip.Addr        // of the endpoint, and of the peer
	options       options           // of the sockets
	sysctls       map[string]string // of the kernel, beyond those that are fixed for all
}

// configure reads the config steps of a script:
//
//	ipv6          the addresses are IPv6's
//	rcvbuf=N      the receive buffer, which then does not grow
//	backlog=N     the listener's queues
//	syncnt=N      how often the kernel repeats a SYN, but for those at the beginning
//	tcp_NAME=N    a sysctl, for the kernel only
//
// and for ours only, as tcp.Config has them: synretries, synackretries, dataretries, fintimeout (in seconds).
func (s Script) configure() (setup, error) {
	c := setup{
		local: netip.MustParseAddr("10.7.0.1"), remote: netip.MustParseAddr("10.7.0.2"),
		options: options{}, sysctls: map[string]string{},
	}
	for line := range strings.Lines(s.Steps) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "config ")
		if !ok {
			continue
		}
		for _, f := range strings.Fields(rest) {
			name, value, _ := strings.Cut(f, "=")
			switch {
			case name == "ipv6":
				c.local, c.remote = netip.MustParseAddr("fd07::1"), netip.MustParseAddr("fd07::2")
			case strings.HasPrefix(name, "tcp_"):
				c.sysctls[name] = value
			default:
				n, err := strconv.Atoi(value)
				if err != nil {
					return c, fmt.Errorf("%s: %w", f, err)
				}
				c.options[name] = n
			}
		}
	}
	return c, nil
}
