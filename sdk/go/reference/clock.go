package main

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// clock tells the time, and calls when a time has come.
type clock interface {
	now() mono.Time

	// onAlarm says what to call. It is called once, before setAlarm.
	onAlarm(f func())

	// setAlarm asks for a call at that time instead of what was asked for before, mono.Never for none. It may come early.
	setAlarm(at mono.Time)
}

// wallClock is the clock of the machine.
type wallClock struct {
	start time.Time
	timer *time.Timer
	at    mono.Time // for when the timer is set
}

func (w *wallClock) now() mono.Time { return mono.Time(time.Since(w.start)) + 1 } // 0 would mean that there is none

func (w *wallClock) onAlarm(f func()) {
	w.start = time.Now()
	w.timer = time.AfterFunc(time.Hour, f)
	w.timer.Stop()
	w.at = mono.Never
}

func (w *wallClock) setAlarm(at mono.Time) {
	if at == w.at {
		return
	}
	w.at = at
	if at == mono.Never {
		w.timer.Stop()
		return
	}
	w.timer.Reset(max(0, at.Sub(w.now())))
}
