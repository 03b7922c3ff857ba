package lockstep

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// result is what came of playing a script to one side.
type result struct {
	on      side
	err     error
	matched []match
	entries []entry
	record  record
}

// Play plays a script to both sides. It is a test that runs parallel to others, but starts the kernel before it waits for
// its turn.
func Play(t *testing.T, s Script) {
	steps, err := s.parse()
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.configure()
	if err != nil {
		t.Fatal(err)
	}
	theirs := make(chan result, 1)
	go func() { theirs <- playKernel(steps, c) }()
	t.Parallel()
	our, their := playOurs(steps, c), <-theirs
	differences := compare(steps, our, their)
	if our.err != nil || their.err != nil || len(differences) > 0 {
		t.Error(explain(steps, our, their, differences))
	}
}

func playOurs(steps []step, c setup) result {
	return play(ours, newOurs(c), steps, c).result()
}

// atOnce bounds the kernels in use.
var atOnce = make(chan struct{}, 16)

// patience is how long a script is played again and again because something else held this process up.
const patience = time.Minute

func playKernel(steps []step, c setup) result {
	atOnce <- struct{}{}
	defer func() { <-atOnce }()
	for start := time.Now(); ; {
		e, err := newKernel(c)
		if err != nil {
			return result{on: kernel, err: err}
		}
		p := play(kernel, e, steps, c)
		if p.err == nil || !p.pace.isBroken() && !errors.Is(p.err, errLate) {
			return p.result()
		}
		if time.Since(start) > patience {
			p.err = fmt.Errorf("%w (and this machine is too busy: the script was held up for %v)", p.err, p.pace.held)
			return p.result()
		}
	}
}

// play plays steps to a new endpoint.
func play(on side, e endpoint, steps []step, c setup) *player {
	p := newPlayer(on, e, c)
	p.err = p.play(steps)
	if err := e.close(); p.err == nil {
		p.err = err
	}
	return p
}

func (p *player) result() result { return result{p.on, p.err, p.matched, p.entries, p.record} }

// compare looks for differences in the answers to steps that are the same for both sides.
func compare(steps []step, a, b result) (differences []string) {
	x, y := a.common(steps), b.common(steps)
	for i := range min(len(x), len(y)) {
		if x[i].step != y[i].step {
			break // one of them has failed
		}
		st, p, q := steps[x[i].step], &x[i].answer, &y[i].answer
		diff := func(what string, v, w any) {
			if v != w {
				differences = append(differences, fmt.Sprintf("line %d: %s: %s\n\t%v: %v\n\t%v: %v", st.line, st.text, what, a.on, v, b.on, w))
			}
		}
		diff("beside what the script names", p.normal, q.normal)
		if p.segment.Named["TS"] {
			diff("timestamp echoed", p.segment.TSEcr, q.segment.TSEcr)
		}
	}
	return differences
}

// common returns the answers to steps that are for both sides.
func (r *result) common(steps []step) (common []match) {
	for _, m := range r.matched {
		if steps[m.step].on == both {
			common = append(common, m)
		}
	}
	return common
}

// explain shows what went wrong, and what was said on both sides.
func explain(steps []step, our, their result, differences []string) string {
	var b strings.Builder
	for _, r := range []result{our, their} {
		if r.err != nil {
			fmt.Fprintf(&b, "%v: %v\n", r.on, r.err)
		}
	}
	for _, d := range differences {
		b.WriteString(d + "\n")
	}
	b.WriteString(sideBySide(steps, our.entries, their.entries))
	fmt.Fprintf(&b, "captures: %s %s", our.record.write("ours"), their.record.write("kernel"))
	return b.String()
}

// width of a column.
const width = 84

// sideBySide prints two transcripts, each step under its line of the script.
func sideBySide(steps []step, our, their []entry) string {
	var b strings.Builder
	take := func(from *[]entry, step int) (lines []string) {
		for len(*from) > 0 && (*from)[0].step <= step {
			e := (*from)[0]
			*from = (*from)[1:]
			lines = append(lines, fmt.Sprintf("%10.3f %s", e.at.Seconds()*1e3, e.text))
		}
		return lines
	}
	fmt.Fprintf(&b, "%-*s | %s\n", width, "      ours (ms)", "      kernel (ms)")
	for i, s := range steps {
		fmt.Fprintf(&b, "%d: %s\n", s.line, s.text)
		x, y := take(&our, i), take(&their, i)
		for k := range max(len(x), len(y)) {
			var l, r string
			if k < len(x) {
				l = x[k]
			}
			if k < len(y) {
				r = y[k]
			}
			fmt.Fprintf(&b, "%-*s | %s\n", width, l, r)
		}
	}
	return b.String()
}
