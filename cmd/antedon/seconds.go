package main

import (
	"fmt"
	"strconv"
	"time"
)

// seconds is a flag that takes a number of seconds, "2" or "0.5", or a duration, "500ms".
type seconds time.Duration

// Set parses s.
func (v *seconds) Set(s string) error {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f < 1e9 {
		*v = seconds(f * float64(time.Second))
		return nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		*v = seconds(d)
		return nil
	}
	return fmt.Errorf("%q is no time: want seconds, such as 2 or 0.5", s)
}

// String returns the time, or nothing if it is 0.
func (v *seconds) String() string {
	if v == nil || *v == 0 {
		return ""
	}
	return v.Duration().String()
}

// Type names the value in help texts.
func (*seconds) Type() string { return "SECONDS" }

// Duration returns the time.
func (v *seconds) Duration() time.Duration { return time.Duration(*v) }
