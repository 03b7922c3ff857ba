package table

import "github.com/antedon-net/antedon/lab/exp4"

// App is a captured connection; the caller numbers them.
type App uint64

// SDK is a program that is attached, or may be; the caller numbers them from 0 on, reports from 1.
type SDK int

// An ActionKind is what the caller has to do.
type ActionKind uint8

const (
	ToSDK    ActionKind = iota // send Message to SDK; it may be dropped if its Flags are exp4.Segment
	Read                       // App's bytes may be read from now on
	Pause                      // they may not, until the next Read
	Write                      // hand Bytes to App
	Shutdown                   // end the stream to App, behind what was written
	Close                      // close App's connection, behind what was written; nothing follows for App
	Reset                      // reset App's connection; nothing follows for App
	Transmit                   // send the segment Message.Bytes on the wire
	Report                     // tell Text to whoever watches
	Dial                       // connect App to the listener at Message.Conn.Src, from Message.Conn.Dst; then read it
)

// An Action is one thing to do.
type Action struct {
	Kind    ActionKind
	App     App
	SDK     SDK
	Message exp4.Message // of ToSDK and Transmit; of Dial its Conn
	Bytes   []byte       // of Write
	Text    string       // of Report
}

// Next returns the next thing to do, false if there is none.
func (t *Table) Next() (Action, bool) {
	if t.taken == len(t.actions) {
		clear(t.actions)
		t.actions, t.taken = t.actions[:0], 0
		return Action{}, false
	}
	t.taken++
	return t.actions[t.taken-1], true
}

func (t *Table) act(a Action) { t.actions = append(t.actions, a) }

// tell sends the SDK of c a message about it.
func (t *Table) tell(c *conn, flags exp4.Flags, b []byte) {
	t.act(Action{Kind: ToSDK, SDK: c.sdk, App: c.app, Message: exp4.Message{Conn: c.name, Flags: flags, Bytes: b}})
}
