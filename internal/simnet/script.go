package simnet

import "time"

// Exit says how an end leaves a conversation.
type Exit uint8

const (
	// ExitOrderly: half-close after the last byte, close after the peer's.
	ExitOrderly Exit = iota
	// ExitAbort: abort at some point.
	ExitAbort
	// ExitClose: close at some point, whatever is still to be read.
	ExitClose
)

func (e Exit) String() string { return [...]string{"orderly", "abort", "close"}[e] }

// Script is what an application does with its end of a connection.
type Script struct {
	Bytes    uint64 // how much it writes
	WriteMax int    // a write has 1 to WriteMax bytes
	ReadMax  int    // a read has as many at most

	// One in WriteRest writes is followed by a pause of WritePause on average, likewise reads.
	WriteRest, ReadRest   int
	WritePause, ReadPause time.Duration

	// Having read StallAt bytes it reads nothing for StallFor; having written IdleAt bytes it writes nothing for IdleFor.
	StallAt, IdleAt   uint64
	StallFor, IdleFor time.Duration

	// It writes nothing until it has read After bytes, and then, if Lead is not 0, at most Lead bytes more than it
	// has read, until the peer's stream ends.
	After, Lead uint64

	// One in Slow copies takes time, during which the reservation or the views are held.
	Slow int

	Exit   Exit
	ExitAt uint64 // after so many bytes, read and written

	NoDelay, Cork, QuickACK, KeepAlive bool
	Early                              bool // writes before the connection is established
}
