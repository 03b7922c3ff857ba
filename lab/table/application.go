package table

import (
	"fmt"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
)

// AppBytes hands over what was read from an application, after a Read action.
func (t *Table) AppBytes(now mono.Time, app App, b []byte) {
	c := t.byApp[app]
	if c == nil {
		return
	}
	c.last = now
	t.counters.FromApp += uint64(len(b))
	t.handOver(now, c, b)
}

// AppFIN notes that an application has ended its stream.
func (t *Table) AppFIN(now mono.Time, app App) {
	if c := t.byApp[app]; c != nil && !c.appFIN {
		c.last, c.appFIN = now, true
		t.tell(c, exp4.FIN, nil)
	}
}

// AppReset notes that an application's connection has failed, in whatever way. It is closed already.
func (t *Table) AppReset(now mono.Time, app App) {
	if c := t.byApp[app]; c != nil {
		t.counters.AppResets++
		t.tell(c, exp4.RST, nil)
		t.forget(now, c, true) // the SDK answers the peer, with its last segment
	}
}

// AppWaiting notes how many bytes wait for an application to take them.
func (t *Table) AppWaiting(now mono.Time, app App, n int) {
	c := t.byApp[app]
	if c == nil {
		return
	}
	c.waiting = n
	if n <= t.cfg.HardLimit {
		t.letGo(c)
		return
	}
	t.act(Action{Kind: Report, Text: fmt.Sprintf("SDK %d: %s: %d MiB wait for an application that does not read: reset", c.sdk+1, c.name, n>>20)})
	t.act(Action{Kind: Reset, App: c.app})
	t.tell(c, exp4.RST, nil)
	t.forget(now, c, false)
	t.counters.Overflows++
}
