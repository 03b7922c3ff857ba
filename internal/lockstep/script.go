package lockstep

import (
	"fmt"
	"strings"
)

// Script is a conversation with a TCP.
type Script struct {
	Name  string // what it shows
	Steps string
}

// side is one of the two TCPs, or both.
type side uint8

const (
	ours side = 1 << iota
	kernel
	both = ours | kernel
)

func (s side) String() string {
	return map[side]string{ours: "ours", kernel: "kernel", both: "both"}[s]
}

// step is a line of a script.
type step struct {
	line int // from 1
	text string
	on   side
	run  func(*player) error
}

// parse reads the steps of a script.
func (s Script) parse() ([]step, error) {
	var steps []step
	excused := false // a comment stands above, or above the lines for one side before this one
	for i, line := range strings.Split(s.Steps, "\n") {
		text := strings.TrimSpace(line)
		if text == "" {
			excused = false
			continue
		}
		if text[0] == '#' {
			excused = true
			continue
		}
		st := step{line: i + 1, text: text, on: both}
		for name, on := range map[string]side{"ours:": ours, "kernel:": kernel} {
			if rest, ok := strings.CutPrefix(text, name); ok {
				st.on, text = on, strings.TrimSpace(rest)
			}
		}
		if st.on == both {
			excused = false
		} else if !excused {
			return nil, fmt.Errorf("%s: line %d: %s: a difference has its reason in a comment above it", s.Name, st.line, st.text)
		}
		verb, args, _ := strings.Cut(text, " ")
		command, ok := verbs[verb]
		if !ok {
			return nil, fmt.Errorf("%s: line %d: no such step: %s", s.Name, st.line, verb)
		}
		run, err := command(strings.TrimSpace(args))
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %s: %w", s.Name, st.line, st.text, err)
		}
		st.run = run
		steps = append(steps, st)
	}
	return steps, nil
}
