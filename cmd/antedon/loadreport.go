package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/load"
	"github.com/antedon-net/antedon/internal/meter"
)

// loadTeller tells how a load goes: on a terminal in one line that changes, and in the end in words, or in JSON.
type loadTeller struct {
	out    io.Writer
	screen *os.File // nil if nobody watches
	json   bool
	err    error     // of printing
	last   time.Time // when a line of JSON was printed
}

func newLoadTeller(out io.Writer, stderr *os.File, asJSON bool) *loadTeller {
	l := &loadTeller{out: out, json: asJSON, last: time.Now()}
	if meter.IsTerminal(stderr) {
		l.screen = stderr
	}
	return l
}

// loadLine is a line of the command with --json.
type loadLine struct {
	Event string `json:"event"` // "progress", once a second, or "summary"
	*load.Report
}

// watch shows what has happened so far.
func (l *loadTeller) watch(r *load.Report) {
	if l.json && time.Since(l.last) >= time.Second {
		l.last = time.Now()
		l.note(printJSON(l.out, loadLine{"progress", r}))
	}
	if l.screen != nil {
		_, _ = fmt.Fprintf(l.screen, "\r\x1b[K%s %4.0f s: %d tried, %d opened, %d refused, %d open, median %s", r.Mode,
			r.Seconds, r.Tried, r.Opened, r.Refused, r.Open, formatMicros(r.Handshake.P50))
	}
}

// hide clears the line.
func (l *loadTeller) hide() {
	if l.screen != nil {
		_, _ = fmt.Fprint(l.screen, "\r\x1b[K")
	}
}

func (l *loadTeller) note(err error) {
	if l.err == nil {
		l.err = err
	}
}

func (l *loadTeller) printf(format string, args ...any) {
	_, err := fmt.Fprintf(l.out, format, args...)
	l.note(err)
}

// summary tells what has happened in all.
func (l *loadTeller) summary(r *load.Report) error {
	if l.json {
		l.note(printJSON(l.out, loadLine{"summary", r}))
		return l.err
	}
	l.printf("%s %s for %.1f s%s\n\n", r.Mode, r.Target, r.Seconds, loadWhere(r))
	opened := "opened"
	if r.Mode == load.SYNFlood {
		opened = "SYN-ACKs"
	}
	l.printf("  %-12s %d", "tried", r.Tried)
	l.printf("\n  %-12s %d (%.0f a second)\n", opened, r.Opened, r.Rate)
	for _, n := range []struct {
		name  string
		value uint64
	}{
		{"refused", r.Refused}, {"no answer", r.Unanswered}, {"no files left", r.Files}, {"repeated", r.Repeated}, {"answered", r.Answered},
		{"reset", r.Resets}, {"closed", r.Closed}, {"open", r.Open}, {"probes", r.Probes},
	} {
		if n.value > 0 {
			l.printf("  %-12s %d\n", n.name, n.value)
		}
	}
	if r.Bytes > 0 {
		l.printf("  %-12s %s\n", "received", meter.FormatBytes(int64(r.Bytes)))
	}
	l.latency("handshakes", &r.Handshake)
	l.latency("answers, from the SYN to their end", &r.Answer)
	l.others(r)
	return l.err
}

// loadWhere says where it happened.
func loadWhere(r *load.Report) string {
	var b strings.Builder
	if r.From != "" {
		fmt.Fprintf(&b, ", from %s", r.From)
	}
	if r.Private {
		fmt.Fprintf(&b, ", on %s in a private network namespace", strings.Join(r.Command, " "))
	}
	return b.String()
}

// barWidth is the length of the longest bar of a histogram.
const barWidth = 40

// latency prints figures and a picture of them.
func (l *loadTeller) latency(what string, t *load.Latency) {
	if t.Count == 0 {
		return
	}
	l.printf("\n  %d %s: median %s, 90 %% %s, 99 %% %s, 99.9 %% %s, longest %s\n", t.Count, what,
		formatMicros(t.P50), formatMicros(t.P90), formatMicros(t.P99), formatMicros(t.P999), formatMicros(t.Max))
	most := int64(1)
	for _, b := range t.Buckets {
		most = max(most, b.Count)
	}
	for _, b := range t.Buckets {
		bar := strings.Repeat("#", int((b.Count*barWidth+most-1)/most))
		l.printf("    <= %-8s %9d %s\n", formatMicros(b.Most), b.Count, bar)
	}
}

// others prints what others than the load met with.
func (l *loadTeller) others(r *load.Report) {
	if h := r.Honest; h != nil && h.Tried > 0 {
		l.printf("\n  meanwhile an ordinary client opened %d of %d connections", h.Opened, h.Tried)
		if h.Opened > 0 {
			l.printf(", in %s (median), %s at most", formatMicros(h.Took.P50), formatMicros(h.Took.Max))
		}
		l.printf("\n")
	}
	if len(r.Kernel) > 0 {
		l.printf("\n  the server's kernel counted")
		for i, name := range slices.Sorted(maps.Keys(r.Kernel)) {
			l.printf("%s %s %d", either(i == 0, "", ","), name, r.Kernel[name])
		}
		l.printf("\n")
	}
}

// formatMicros returns a time given in microseconds with three digits: "12.3 ms".
func formatMicros(us float64) string {
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%.3g s", us/1e6)
	case us >= 1e3:
		return fmt.Sprintf("%.3g ms", us/1e3)
	}
	return fmt.Sprintf("%.3g µs", us)
}
