package table

import (
	"container/list"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
)

// Config says how connections are kept. The zero Config is ready for use.
type Config struct {
	// FirstPort and Ports are the pool of source ports; default 4,000 from 61084 on.
	FirstPort uint16
	Ports     int

	// Piece is how many bytes of an application go into one app_send at most; default 1,460.
	Piece int

	// Memory is how long an SDK may still send segments of a connection that has ended; default 60 s.
	Memory time.Duration

	// Idle is after how long a connection ends on which both sides have sent their FIN; default 10 s.
	Idle time.Duration

	// SoftLimit is how many bytes may wait for an application before segments with text wait too; default 1 MiB.
	// HoldLimit is how many bytes of those, of one connection, before further ones are dropped; default 4 MiB.
	// HardLimit is how many bytes may wait for an application before the connection is reset; default 64 MiB.
	SoftLimit, HoldLimit, HardLimit int

	// SendLimit is how many bytes of an application its SDK may have that the peer has not acknowledged, before it is not read;
	// default 1 MiB. Patience is after how long an SDK that is idle all the same gets more; default 1 s.
	SendLimit int
	Patience  time.Duration

	// HalfOpen is how many connections that were called one SDK may have without a peer_connected; default 1,024.
	// RingTime is for how long; default 75 s.
	HalfOpen int
	RingTime time.Duration

	// Calls is how many connections that others began one SDK may have with a peer_connected; default 4,096.
	Calls int
}

// WithDefaults returns the configuration with its defaults filled in.
func (c Config) WithDefaults() Config {
	if c.FirstPort == 0 {
		c.FirstPort = 61084
	}
	if c.Ports == 0 {
		c.Ports = 4000
	}
	if c.Piece == 0 {
		c.Piece = 1460
	}
	if c.Memory == 0 {
		c.Memory = time.Minute
	}
	if c.Idle == 0 {
		c.Idle = 10 * time.Second
	}
	if c.SoftLimit == 0 {
		c.SoftLimit = 1 << 20
	}
	if c.HoldLimit == 0 {
		c.HoldLimit = 4 << 20
	}
	if c.HardLimit == 0 {
		c.HardLimit = 64 << 20
	}
	if c.SendLimit == 0 {
		c.SendLimit = 1 << 20
	}
	if c.Patience == 0 {
		c.Patience = time.Second
	}
	if c.HalfOpen == 0 {
		c.HalfOpen = 1024
	}
	if c.Calls == 0 {
		c.Calls = 4096
	}
	if c.RingTime == 0 {
		c.RingTime = 75 * time.Second
	}
	return c
}

// HasPort reports whether the port is of the pool.
func (c Config) HasPort(port uint16) bool {
	return port >= c.FirstPort && int(port) < int(c.FirstPort)+c.Ports
}

// A Table keeps all connections of a driver. New makes one.
type Table struct {
	cfg      Config
	byApp    map[App]*conn
	byName   map[exp4.Conn]*conn
	ended    map[exp4.Conn]trace
	attached map[SDK]*program
	cursor   int // where the search for a free port begins
	counters Counters
	calls    callRing
	lonely   bool // a call came that no SDK takes, and it was reported

	actions []Action
	taken   int
}

// A conn is a captured connection.
type conn struct {
	app       App
	sdk       SDK
	name      exp4.Conn
	called    bool     // somebody else began it
	connected bool     // app_connected or peer_connected came
	appFIN    bool     // the application has ended its stream
	peerFIN   bool     // app_peer_fin came
	waiting   int      // bytes for the application that it has not taken
	held      [][]byte // segments that wait for it to take them
	heldBytes int
	pace      pace
	last      mono.Time
	ringing   *list.Element // of its program's, until peer_connected
	begun     mono.Time
}

// A trace is what is remembered of a connection that has ended.
type trace struct {
	sdk   SDK
	until mono.Time
	quiet bool // it ended in order: late segments are not answered
}

// A program is an attached SDK.
type program struct {
	greeted   mono.Time
	hellos    int             // each within a second of the one before
	told      map[string]bool // kinds of reports that were made once
	takesCall bool            // it has named the extension
	ringing   list.List       // of *conn, called and not connected, the oldest first
	talking   int             // how many were called and are connected
}

// New makes a Table.
func New(cfg Config) *Table {
	return &Table{
		cfg: cfg.WithDefaults(), byApp: make(map[App]*conn), byName: make(map[exp4.Conn]*conn),
		ended: make(map[exp4.Conn]trace), attached: make(map[SDK]*program),
	}
}

// Counters counts what happened.
func (t *Table) Counters() Counters { return t.counters }

// Len returns how many connections there are.
func (t *Table) Len() int { return len(t.byApp) }

// Count returns how many connections an SDK has.
func (t *Table) Count(sdk SDK) (n int) {
	for _, c := range t.byApp {
		if c.sdk == sdk {
			n++
		}
	}
	return n
}

// Has reports whether an SDK is attached.
func (t *Table) Has(sdk SDK) bool { return t.attached[sdk] != nil }

// Owner describes whose a connection is, for a comment in a capture: "SDK 1: ", or nothing if it is nobody's.
func (t *Table) Owner(name exp4.Conn) string {
	if c := t.byName[name]; c != nil {
		return fmt.Sprintf("SDK %d: ", c.sdk+1)
	}
	return ""
}

// Attach notes that an SDK has said hello, with the extensions that both know. It has no connections then: those of an
// earlier one, or of itself before it was started again, are dropped.
func (t *Table) Attach(now mono.Time, sdk SDK, extensions []string) {
	n := t.drop(now, sdk)
	p := &program{told: make(map[string]bool), takesCall: slices.Contains(extensions, exp4.Incoming), greeted: now, hellos: 1}
	if earlier := t.attached[sdk]; earlier != nil && now.Sub(earlier.greeted) < time.Second {
		p.told, p.hellos = earlier.told, earlier.hellos+1
	}
	t.attached[sdk] = p
	t.lonely = false
	t.counters.Hellos++
	if p.hellos > manyHellos {
		t.Mistake(sdk, "it says hello again and again")
	} else {
		text := fmt.Sprintf("SDK %d said hello", sdk+1)
		if n > 0 {
			text += fmt.Sprintf("; its %s reset", pluralAre(n, "earlier connection"))
		}
		t.act(Action{Kind: Report, Text: text})
	}
	if len(extensions) > 0 {
		t.act(Action{Kind: ToSDK, SDK: sdk, Message: exp4.Hello(extensions...)})
	}
}

// manyHellos is how many, each within a second of the one before, are reported each.
const manyHellos = 3

// Detach notes that an SDK is lost, and why.
func (t *Table) Detach(now mono.Time, sdk SDK, why string) {
	if t.attached[sdk] == nil {
		return
	}
	n := t.drop(now, sdk)
	delete(t.attached, sdk)
	text := fmt.Sprintf("SDK %d is gone: %s", sdk+1, why)
	if n > 0 {
		text += fmt.Sprintf("; its %s reset", pluralAre(n, "connection"))
	}
	t.act(Action{Kind: Report, Text: text})
}

// drop resets all connections of an SDK and returns how many there were.
func (t *Table) drop(now mono.Time, sdk SDK) (n int) {
	for _, c := range t.byApp {
		if c.sdk == sdk {
			t.end(c, Reset)
			t.forget(now, c, false)
			n++
		}
	}
	return n
}

// Accept makes a connection for an application that wants to reach dst, and has sdk open it from src and a port of the
// pool. If it returns false the application is to be reset; why has been reported.
func (t *Table) Accept(now mono.Time, app App, sdk SDK, src netip.Addr, dst netip.AddrPort) (exp4.Conn, bool) {
	if t.attached[sdk] == nil {
		t.counters.NoSDK++
		t.act(Action{Kind: Report, Text: fmt.Sprintf("no SDK is attached: the connection to %s is reset", dst)})
		return exp4.Conn{}, false
	}
	port, ok := t.freePort(now, src, dst)
	if !ok {
		t.counters.NoPort++
		t.act(Action{Kind: Report, Text: fmt.Sprintf("all ports to %s are taken: the connection is reset", dst)})
		return exp4.Conn{}, false
	}
	c := &conn{app: app, sdk: sdk, name: exp4.Conn{Src: netip.AddrPortFrom(src, port), Dst: dst}, last: now}
	t.byApp[app], t.byName[c.name] = c, c
	delete(t.ended, c.name)
	t.counters.Accepted++
	t.tell(c, exp4.Connect, nil)
	return c.name, true
}

// freePort returns a port that no connection to dst has, if possible none that one had within the last minute.
func (t *Table) freePort(now mono.Time, src netip.Addr, dst netip.AddrPort) (uint16, bool) {
	second := -1
	for range t.cfg.Ports {
		port := t.cfg.FirstPort + uint16(t.cursor)
		t.cursor = (t.cursor + 1) % t.cfg.Ports
		name := exp4.Conn{Src: netip.AddrPortFrom(src, port), Dst: dst}
		if t.byName[name] != nil {
			continue
		}
		if e, ok := t.ended[name]; !ok || e.until < now {
			return port, true
		}
		if second < 0 {
			second = int(port)
		}
	}
	return uint16(second), second >= 0
}

// end has the application's connection ended, if there is one yet.
func (t *Table) end(c *conn, kind ActionKind) {
	if !c.isRinging() {
		t.act(Action{Kind: kind, App: c.app})
	}
}

// forget ends a connection.
func (t *Table) forget(now mono.Time, c *conn, quiet bool) {
	delete(t.byApp, c.app)
	delete(t.byName, c.name)
	t.answered(c)
	if p := t.attached[c.sdk]; p != nil && c.called && c.connected {
		p.talking--
	}
	t.ended[c.name] = trace{c.sdk, now.Add(t.cfg.Memory), quiet}
	if c.called {
		t.calls.push(c.name, t.ended)
	}
	t.counters.Ended++
}

// Tick notes that time has passed. It should be called every second or so.
func (t *Table) Tick(now mono.Time) {
	for name, e := range t.ended {
		if e.until < now {
			delete(t.ended, name)
		}
	}
	t.giveUpCalls(now)
	for _, c := range t.byApp {
		t.onTime(now, c)
		if c.appFIN && c.peerFIN && c.waiting == 0 && now.Sub(c.last) >= t.cfg.Idle {
			t.counters.Reclaimed++
			t.act(Action{Kind: Close, App: c.app})
			t.act(Action{Kind: Report, Text: fmt.Sprintf("SDK %d has never released %s: done after %v of silence", c.sdk+1, c.name, t.cfg.Idle)})
			t.forget(now, c, true)
		}
	}
}

func pluralAre(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return fmt.Sprintf("%d %ss are", n, what)
}
