package tcp

// State is a state of a connection (RFC 9293, Section 3.3.2). There is no LISTEN here: package host listens, and makes a
// Conn once a SYN has come.
type State uint8

const (
	StateClosed State = iota
	StateSynSent
	StateSynReceived
	StateEstablished
	StateFinWait1
	StateFinWait2
	StateCloseWait
	StateClosing
	StateLastAck
	StateTimeWait
)

var stateNames = [...]string{
	"CLOSED", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
	"CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
}

// String returns the state as the RFC spells it.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "invalid state"
}

// synchronized reports whether both sides know each other's sequence numbers.
func (s State) synchronized() bool { return s >= StateEstablished }

// canSend reports whether segments with data, or the FIN behind it, may leave.
func (s State) canSend() bool {
	switch s {
	case StateEstablished, StateCloseWait, StateFinWait1, StateClosing, StateLastAck:
		return true
	}
	return false
}

// canReceive reports whether the peer may still send data.
func (s State) canReceive() bool {
	return s == StateEstablished || s == StateFinWait1 || s == StateFinWait2
}
