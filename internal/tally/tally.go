// Package tally turns what antedon bench has measured into a table and a picture.
//
//	r := tally.New()
//	err := r.Read(file) // for each
//	err = r.WriteTable(os.Stdout)
//	document, err = tally.Splice(document, r.Markdown())
//	picture, err := r.SVG()
//	picture, err = r.CurveSVG() // if bulk was measured with many numbers of streams
//
// Concurrency: none.
//
// Limitations: it knows the summaries of bulk, rr, crr, core, idle and poll; other lines are passed over. Those of poll have a
// table and a picture (PollSVG) of their own.
package tally

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// line has the fields of all benchmarks' lines: docs/performance.md says what they mean.
type line struct {
	key
	Stack string  `json:"stack"`
	Round int     `json:"round"`
	Error string  `json:"error"`
	Ratio float64 `json:"ratio"`

	Gbps     float64 `json:"gbps"`
	CPU      float64 `json:"cpu_s_per_gb"`
	Switches float64 `json:"switches_per_mb"`
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
	P999     float64 `json:"p999_us"`
	EchoP99  float64 `json:"echo_p99_us"`
	Rate     float64 `json:"conn_s"`
	Bytes    float64 `json:"bytes_per_conn"`
	Memmove  float64 `json:"memmove_ratio"`
}

// key says what was measured.
type key struct {
	Bench   string `json:"bench"`
	Dir     string `json:"dir"`
	Order   string `json:"order"`
	Wire    bool   `json:"wire"`
	API     string `json:"api"`
	Streams int    `json:"streams"`
}

// The benchmarks that are reported.
var known = []string{"bulk", "rr", "crr", "core", "idle"}

// Tally is what was measured.
type Tally struct {
	keys  []key // in the order of the lines
	lines map[key]map[string]*line
	polls polls
}

// New returns a Tally of nothing.
func New() *Tally { return &Tally{lines: make(map[key]map[string]*line)} }

// Read adds the lines that antedon bench --json has printed. Where two are about the same the later one counts.
func (r *Tally) Read(in io.Reader) error {
	s := bufio.NewScanner(in)
	for n := 1; s.Scan(); n++ {
		l := new(line)
		if err := json.Unmarshal(s.Bytes(), l); err != nil || l.Bench == "" {
			return fmt.Errorf("line %d is not one of antedon bench --json", n)
		}
		if l.Bench == "poll" && l.Round == 0 {
			p := new(pollLine)
			if err := json.Unmarshal(s.Bytes(), p); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			r.polls.add(p)
			continue
		}
		r.add(l)
	}
	return s.Err()
}

// Empty reports whether there is nothing to tell.
func (r *Tally) Empty() bool { return len(r.keys) == 0 && len(r.polls.keys) == 0 }

func (r *Tally) add(l *line) {
	if l.Round != 0 || l.Error != "" || !slices.Contains(known, l.Bench) {
		return
	}
	if r.lines[l.key] == nil {
		r.lines[l.key] = make(map[string]*line)
		r.keys = append(r.keys, l.key)
	}
	r.lines[l.key][l.Stack] = l
}

// title puts what was measured into words, without the unit.
func (k key) title() string {
	switch k.Bench {
	case "bulk":
		return map[string]string{"send": "send, ", "recv": "receive, "}[k.Dir] + plural(k.Streams, "stream")
	case "rr":
		if k.Streams > 1 {
			return fmt.Sprintf("round trip of a byte, %d at a time", k.Streams)
		}
		return "round trip of a byte"
	case "crr":
		return fmt.Sprintf("connect and close, %d at a time", k.Streams)
	case "core":
		return "two connections in memory, " +
			map[string]string{"in": "in order", "reversed": "every batch reversed"}[k.Order] +
			map[bool]string{true: ", with headers and checksums"}[k.Wire]
	}
	return fmt.Sprintf("memory of an idle connection, of %d", k.Streams)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
