package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
)

// Status says how a requirement is answered.
type Status string

// A requirement is answered by tags, or by a reason with one of the last three.
const (
	Unanswered    Status = "unanswered"
	Implemented   Status = "implemented"
	Optional      Status = "optional, not taken"
	Deviates      Status = "deviates"
	NotApplicable Status = "not applicable"
	Later         Status = "later"
)

// Reason answers a requirement that no tag answers, or only in part.
type Reason struct {
	Status Status
	Text   string
	line   int
}

// ParseReasons reads lines of RFC, ids separated by commas, status and reason, separated by tabs. Empty lines and lines
// that begin with # are skipped.
func ParseReasons(b []byte) (map[Key]Reason, error) {
	reasons := make(map[Key]Reason)
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || f[3] == "" {
			return nil, fmt.Errorf("reasons.txt:%d: want RFC, ids, status and reason, separated by tabs", n)
		}
		r := Reason{Status: Status(f[2]), Text: f[3], line: n}
		if r.Status != Deviates && r.Status != NotApplicable && r.Status != Later {
			return nil, fmt.Errorf("reasons.txt:%d: unknown status %q", n, f[2])
		}
		for id := range strings.SplitSeq(f[1], ",") {
			k := Key{f[0], strings.TrimSpace(id)}
			if first, ok := reasons[k]; ok {
				return nil, fmt.Errorf("reasons.txt:%d: %s has a reason in line %d", n, k, first.line)
			}
			reasons[k] = r
		}
	}
	return reasons, lines.Err()
}
