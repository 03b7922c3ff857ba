package tally

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// pollLine has the fields of the lines of antedon bench poll.
type pollLine struct {
	Poller string  `json:"poller"`
	FDs    int     `json:"fds"`
	Active int     `json:"active"`
	Wide   bool    `json:"wide"`
	TurnUS float64 `json:"turn_us"`
	Event  float64 `json:"event_ns"`
	Error  string  `json:"error"`
}

// pollKey says what was measured.
type pollKey struct{ fds, active int }

// polls are the lines of antedon bench poll.
type polls struct {
	keys    []pollKey
	lines   map[pollKey]map[string]*pollLine
	refused []string // why something was not measured
}

// The pollers of the table and the picture.
var pollers = []struct{ poller, name string }{
	{"select", "select"}, {"poll", "poll"}, {"epoll-lt", "epoll, level"}, {"epoll-et", "epoll, edge"},
}

func (p *polls) add(l *pollLine) {
	if l.Error != "" {
		if !slices.Contains(p.refused, l.Error) {
			p.refused = append(p.refused, l.Error)
		}
		return
	}
	k := pollKey{l.FDs, l.Active}
	if p.lines == nil {
		p.lines = make(map[pollKey]map[string]*pollLine)
	}
	if p.lines[k] == nil {
		p.lines[k] = make(map[string]*pollLine)
		p.keys = append(p.keys, k)
		slices.SortFunc(p.keys, func(a, b pollKey) int { return cmp.Or(a.fds-b.fds, a.active-b.active) })
	}
	p.lines[k][l.Poller] = l
}

// CheckPolls returns why nothing of bench poll was measured, if nothing was.
func (r *Tally) CheckPolls() error {
	if len(r.polls.keys) > 0 {
		return nil
	}
	if len(r.polls.refused) > 0 {
		return errors.New(r.polls.refused[0])
	}
	return errors.New("there is no summary of bench poll")
}

// rows returns the table, its head first; nil if there is none.
func (p *polls) rows() [][]string {
	if len(p.keys) == 0 {
		return nil
	}
	head := []string{"descriptors watched, ready", ""}
	for _, c := range pollers {
		head = append(head, c.name)
	}
	rows := [][]string{head}
	for _, k := range p.keys {
		turn := []string{fmt.Sprintf("%d, %d", k.fds, k.active), "µs a wake-up"}
		event := []string{"", "ns an event"}
		for _, c := range pollers {
			turnValue, eventValue := none, none
			if l := p.lines[k][c.poller]; l != nil {
				turnValue, eventValue = digits(l.TurnUS), digits(l.Event)
				if l.Wide {
					turnValue, eventValue = turnValue+" *", eventValue+" *"
				}
			}
			turn, event = append(turn, turnValue), append(event, eventValue)
		}
		rows = append(rows, turn)
		if k.active > 1 { // else it is the same
			rows = append(rows, event)
		}
	}
	return rows
}

// notes are what stands below the table, in paragraphs.
func (p *polls) notes() string {
	var notes string
	for _, lines := range p.lines {
		if lines["select"] != nil && lines["select"].Wide {
			notes = "\n* beyond libc's fd_set, which ends at descriptor 1,023: the kernel takes longer ones.\n"
		}
	}
	for _, why := range p.refused {
		notes += fmt.Sprintf("\nNot measured: %s.\n", why)
	}
	return notes
}
