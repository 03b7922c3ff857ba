package main

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/antedon-net/antedon/lab/grade"
	"github.com/antedon-net/antedon/lab/variant"
)

// A page says how a soak went.
type page struct {
	begun  time.Time
	jobs   int
	load   int
	commit string
	state  string // " with changes", if the commit is not all there is
	marked []outcome
}

// identify finds out what is marked.
func (p *page) identify() error {
	commit, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("which commit is this? %w", err)
	}
	p.commit = strings.TrimSpace(string(commit))
	changes, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	if err == nil && len(changes) > 0 {
		p.state = " with changes"
	}
	return err
}

func (p *page) print(w io.Writer) {
	fmt.Fprintf(w, "# What the examiner makes of right and wrong TCPs\n\nMade by `make lab-soak`: commit %s%s, %s, %s/%s, %d CPUs.\n",
		p.commit, p.state, p.begun.UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Fprintf(w, "It took %v with %d programs marked at a time", time.Since(p.begun).Round(time.Second), p.jobs)
	if p.load > 0 {
		fmt.Fprintf(w, ", beside %d processes that kept a CPU busy each", p.load)
	}
	fmt.Fprint(w, ".\n")
	p.printRight(w)
	p.printVariants(w, "Smaller TCPs", "Variants of the Python reference that lack what the course does not ask for. They must get all marks, and lack the findings.",
		"Has to lack", "Lacked", func(v *variant.Variant) bool { return len(v.Loses) == 0 })
	p.printVariants(w, "Wrong TCPs", "Variants of the Python reference with a mistake. Each must lose the marks that its mistake costs, and no others.",
		"Has to lose", "Lost", func(v *variant.Variant) bool { return len(v.Loses) > 0 })
	p.printWrong(w)
}

// A tally adds up how often a right TCP was marked.
type tally struct {
	name        string
	times, full int
	least       int
	findings    []int
	longest     float64
}

func (p *page) printRight(w io.Writer) {
	var tallies []*tally
	for _, o := range p.marked {
		if o.subject.dir == "" {
			continue
		}
		i := slices.IndexFunc(tallies, func(t *tally) bool { return t.name == o.subject.Name })
		if i < 0 {
			i, tallies = len(tallies), append(tallies, &tally{name: o.subject.Name, least: full})
		}
		tallies[i].add(&o)
	}
	if tallies == nil {
		return
	}
	fmt.Fprintf(w, "\n## Right TCPs\n\nEvery time with another seed; the findings were looked for the first time.\n\n"+
		"| Program | Times | With %d of %d | Least | Findings | Longest |\n|---|---|---|---|---|---|\n", full, full)
	for _, t := range tallies {
		fmt.Fprintf(w, "| %s | %d | %d | %d | %s | %.0f s |\n", t.name, t.times, t.full, t.least, strings.Trim(fmt.Sprint(t.findings), "[]"), t.longest)
	}
}

func (t *tally) add(o *outcome) {
	t.times++
	if o.report.Score == full {
		t.full++
	}
	t.least = min(t.least, o.report.Score)
	t.longest = max(t.longest, o.report.Seconds)
	if o.subject.findings {
		t.findings = append(t.findings, len(o.report.Bonus))
	}
}

// printVariants prints what is expected of some variants, and what they got.
func (p *page) printVariants(w io.Writer, title, about, want, got string, is func(*variant.Variant) bool) {
	some := false
	for i := range p.marked {
		o := &p.marked[i]
		if o.subject.dir != "" || !is(&o.subject.Variant) {
			continue
		}
		if !some {
			fmt.Fprintf(w, "\n## %s\n\n%s\n\n| Variant | What is wrong with it | %s | %s | Score | As it has to be |\n|---|---|---|---|---|---|\n", title, about, want, got)
			some = true
		}
		verdict := "yes"
		if o.err != nil {
			verdict = "**no**"
		}
		wanted, lost := list(o.report.Marks, func(m *grade.Mark) int { return o.subject.Loses[m.Name] }), list(o.report.Marks, func(m *grade.Mark) int { return m.Max - m.Points })
		if len(o.subject.Loses) == 0 {
			wanted, lost = orNothing(o.subject.Lacks), orNothing(missing(o.report.Findings))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %d | %s |\n", o.subject.Name, o.subject.About, wanted, lost, o.report.Score, verdict)
	}
}

// list names the marks of which points are lost, in the order of the report.
func list(marks []grade.Mark, points func(*grade.Mark) int) string {
	var names []string
	for i := range marks {
		if n := points(&marks[i]); n > 0 {
			names = append(names, fmt.Sprintf("%s %d", marks[i].Name, n))
		}
	}
	return orNothing(names)
}

func missing(findings []grade.Mark) (names []string) {
	for _, f := range findings {
		if !f.OK {
			names = append(names, f.Name)
		}
	}
	return names
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// printWrong says what was not as it has to be.
func (p *page) printWrong(w io.Writer) {
	wrong := 0
	for _, o := range p.marked {
		if o.err == nil {
			continue
		}
		if wrong++; wrong == 1 {
			fmt.Fprint(w, "\n## Not as it has to be\n\n")
		}
		fmt.Fprintf(w, "- %v\n", o.err)
	}
	if wrong == 0 {
		fmt.Fprintf(w, "\nAll %d were marked as they have to be.\n", len(p.marked))
	}
}
