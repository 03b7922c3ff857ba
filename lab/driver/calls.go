package driver

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/lab/table"
)

// maxIncoming is how many ports may be named in Config.Incoming.
const maxIncoming = 16

// ParsePorts reads ports for Config.Incoming, "8080,8443", and refuses what may not be captured.
func ParsePorts(list string) ([]uint16, error) {
	var ports []uint16
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%q is no port: want numbers from 1 to 65535, with commas between them", s)
		}
		ports = append(ports, uint16(n))
	}
	cfg := Config{Incoming: ports}
	cfg.setDefaults()
	return ports, cfg.checkIncoming()
}

// checkIncoming reports what is wrong with the ports.
func (c *Config) checkIncoming() error {
	if len(c.Incoming) > maxIncoming {
		return fmt.Errorf("%d ports for incoming connections: at most %d are possible", len(c.Incoming), maxIncoming)
	}
	taken := portRange{c.Table.FirstPort, c.hiddenPorts().last}
	if len(c.Incoming) > 0 && taken.last < taken.first {
		return errors.New("the pool of ports leaves none behind it for incoming connections")
	}
	for i, p := range c.Incoming {
		switch {
		case p == 0:
			return errors.New("port 0 is no port")
		case p == 22:
			return errors.New("port 22 is never captured: it may be how you reached this machine")
		case p == listenPort:
			return fmt.Errorf("port %d is the driver's own", p)
		case taken.has(p):
			return fmt.Errorf("port %d is the driver's own: it needs %d to %d", p, taken.first, taken.last)
		case slices.Contains(c.Incoming[:i], p):
			return fmt.Errorf("port %d is named twice", p)
		}
	}
	return nil
}

// hiddenPorts are those behind the pool to which segments for captured listeners are rewritten: the first for the first of
// Config.Incoming, and so on. Nobody listens there, so the kernel does not answer.
func (c *Config) hiddenPorts() portRange {
	first := c.Table.FirstPort + uint16(c.Table.Ports)
	return portRange{first, first + maxIncoming - 1}
}

// isCalled reports whether calls to a port are captured.
func (c *Config) isCalled(port uint16) bool { return slices.Contains(c.Incoming, port) }

// unhide puts the listener's port back into a segment that was rewritten, and into its name.
func (c *Config) unhide(name *exp4.Conn, segment []byte) {
	hidden := c.hiddenPorts()
	if i := int(name.Src.Port()) - int(hidden.first); i >= 0 && i < len(c.Incoming) {
		name.Src = withPort(name.Src, c.Incoming[i])
		setDstPort(segment, c.Incoming[i])
	}
}

// call takes a SYN for a captured listener.
func (d *Driver) call(name exp4.Conn, segment []byte) {
	sdk, ok := d.chooseForCall()
	switch {
	case !ok:
		d.table.NobodyHome(name, segment)
	case d.programs[sdk].isBlocked():
		d.counters.DroppedForSDK++ // the caller tries again; it must not make the queue longer
	default:
		d.lastApp++
		d.table.Called(d.now(), d.lastApp, sdk, name, segment)
	}
	d.drain()
}

// answer dials the listener for a call whose SDK has shaken hands.
func (d *Driver) answer(id table.App, sdk table.SDK, name exp4.Conn) {
	a := &app{d: d, id: id, sdk: sdk, name: name, fd: -1}
	d.apps[id] = a
	a.dial = d.dialListener(name, a.onDialled)
}
