package grade

import (
	"encoding/json"
	"io"
	"time"
)

// A Report is what is found out about a program.
type Report struct {
	Name     string   `json:"name"`
	Program  []string `json:"program"`
	Seed     uint64   `json:"seed"`
	Score    int      `json:"score"`
	Max      int      `json:"max"`
	Bonus    []string `json:"bonus"` // names of the findings that were made
	Marks    []Mark   `json:"marks"`
	Findings []Mark   `json:"findings"` // without points: all of them, made or not
	Seconds  float64  `json:"seconds"`
}

// A Mark is one part of the marking scheme, or a finding.
type Mark struct {
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Points  int     `json:"points"`
	Max     int     `json:"max"`
	OK      bool    `json:"ok"` // all checks hold
	Checks  []Check `json:"checks"`
	Note    string  `json:"note,omitempty"` // what else there is to say
	Packets []Line  `json:"packets,omitempty"`
	More    int     `json:"more_packets,omitempty"` // packets left out of Packets
	Pcap    string  `json:"pcap,omitempty"`         // file with all packets
	Driver  string  `json:"driver,omitempty"`       // what the driver said
	Output  string  `json:"output,omitempty"`       // what the program printed, its end
}

// A Check is one thing that was expected.
type Check struct {
	Name     string `json:"name"`
	Points   int    `json:"points"`
	Max      int    `json:"max"`
	OK       bool   `json:"ok"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
}

// A Line is a packet of connection 2, as it was on the wire.
type Line struct {
	At      float64 `json:"at"`       // seconds since the mark began
	FromSDK bool    `json:"from_sdk"` // or from the peer
	Port    uint16  `json:"port"`     // of the program's end
	Text    string  `json:"text"`     // in the notation of RFC 9293, numbers relative
	Fate    string  `json:"fate,omitempty"`
}

// mark is Mark while it is made.
func (m *Mark) check(name string, points int, ok bool, expected, seen string) bool {
	c := Check{Name: name, Max: points, OK: ok, Expected: expected, Seen: seen}
	if ok {
		c.Points = points
	}
	m.Checks = append(m.Checks, c)
	return ok
}

// sum adds up.
func (m *Mark) sum() {
	m.OK = len(m.Checks) > 0
	for _, c := range m.Checks {
		m.Points += c.Points
		m.OK = m.OK && c.OK
	}
}

func (r *Report) sum(begun time.Time) {
	r.Bonus = []string{}
	for _, m := range r.Marks {
		r.Score += m.Points
		r.Max += m.Max
	}
	for _, f := range r.Findings {
		if f.OK {
			r.Bonus = append(r.Bonus, f.Name)
		}
	}
	r.Seconds = time.Since(begun).Round(time.Millisecond).Seconds()
}

// WriteJSON writes the report as one line.
func (r *Report) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }
