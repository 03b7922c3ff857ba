// Package meter counts the bytes of a transfer, shows them on a terminal, and says how fast they went.
//
//	m := meter.Start(os.Stderr, "send", total)
//	m.Add(n) // again and again
//	fmt.Println(m.Stop()) // 256 MB in 0.05 s: 41.2 Gbit/s
//
// On anything but a terminal nothing is shown.
//
// Concurrency: Add may be called by many goroutines at once.
package meter

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// refresh is how often the picture on the terminal changes.
const refresh = 100 * time.Millisecond

// Meter is the meter of one transfer.
type Meter struct {
	start time.Time
	bytes atomic.Int64
	bar   *progressbar.ProgressBar // nil if nobody watches
}

// Start starts the clock. The meter shows itself on out if that is a terminal: as a bar if total, in bytes, is known,
// and as a number if it is 0 or less.
func Start(out *os.File, title string, total int64) *Meter {
	m := new(Meter)
	if IsTerminal(out) {
		if total <= 0 {
			total = -1
		}
		m.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(title), progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(refresh), progressbar.OptionClearOnFinish())
	}
	m.start = time.Now()
	return m
}

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// Add counts n bytes.
func (m *Meter) Add(n int) {
	m.bytes.Add(int64(n))
	if m.bar != nil {
		_ = m.bar.Add(n)
	}
}

// Write counts p and drops it, as io.TeeReader and io.Copy want it.
func (m *Meter) Write(p []byte) (int, error) {
	m.Add(len(p))
	return len(p), nil
}

// Stop stops the clock and clears the terminal.
func (m *Meter) Stop() Report {
	r := Report{Bytes: m.bytes.Load(), Elapsed: time.Since(m.start)}
	if m.bar != nil {
		_ = m.bar.Finish()
	}
	return r
}

// Report is what a transfer came to.
type Report struct {
	Bytes   int64
	Elapsed time.Duration
}

// Rate returns bits per second.
func (r Report) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Bytes) * 8 / r.Elapsed.Seconds()
}

// String returns the report in words.
func (r Report) String() string {
	return fmt.Sprintf("%s in %.2f s: %s", FormatBytes(r.Bytes), r.Elapsed.Seconds(), FormatRate(r.Rate()))
}

// Counter shows how many of a number of things are done.
type Counter struct{ bar *progressbar.ProgressBar } // nil if nobody watches

// Count starts a Counter of total things that shows itself on out if that is a terminal.
func Count(out *os.File, title string, total int) *Counter {
	if !IsTerminal(out) {
		return new(Counter)
	}
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(title), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionThrottle(refresh), progressbar.OptionClearOnFinish())
	_ = bar.RenderBlank()
	return &Counter{bar}
}

// Add counts n things as done.
func (c *Counter) Add(n int) {
	if c.bar != nil {
		_ = c.bar.Add(n)
	}
}

// Hide clears the terminal's line, for something else to be printed on it. The next Add shows the counter again.
func (c *Counter) Hide() {
	if c.bar != nil {
		_ = c.bar.Clear()
	}
}

// Stop clears the terminal.
func (c *Counter) Stop() {
	if c.bar != nil {
		_ = c.bar.Finish()
	}
}
