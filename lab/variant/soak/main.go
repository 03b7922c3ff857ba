// Command soak has antedon lab grade mark references, and variants of the Python reference, and compares the marks with what
// they have to be.
//
//	go run ./lab/variant/soak --variants --jobs 4 --load 2
//	go run ./lab/variant/soak --variant ignores-fin --program 'go=build=./main' --results build/lab-grade.json
//
// It prints a page in Markdown, and exits with 1 if a mark is not what it has to be.
//
// Concurrency: one process for each program that is marked at a time, and those that keep the machine busy. Limitations: it is
// for the root of the repository; python3 has to be installed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/antedon-net/antedon/lab/variant"
)

func main() {
	s := soak{antedon: "bin/antedon", times: 1}
	all := flag.Bool("variants", false, "mark all variants")
	busy := flag.Bool("spin", false, "do nothing but keep a CPU busy until the standard input ends: what --load starts")
	results := flag.String("results", "", "write names, scores and findings to `FILE`, as JSON; those of wrong variants are not looked for")
	flag.StringVar(&s.antedon, "antedon", s.antedon, "the binary")
	flag.IntVar(&s.jobs, "jobs", 2, "how many are marked at a time")
	flag.IntVar(&s.load, "load", 0, "keep the machine busy with so many processes")
	flag.IntVar(&s.times, "times", s.times, "how often each program is marked, with a seed of its own; the findings are looked for the first time")
	flag.Func("variant", "mark this variant; may be repeated", s.addVariant)
	flag.Func("program", "mark a right TCP that has all findings, `NAME=DIR=CMD`; may be repeated", func(text string) error { return s.addProgram(text, true) })
	flag.Func("small", "mark a right TCP that need not have findings, `NAME=DIR=CMD`; may be repeated", func(text string) error { return s.addProgram(text, false) })
	flag.Parse()
	if *busy {
		spin()
	}
	if *all {
		for i := range variant.Variants {
			_ = s.addVariant(variant.Variants[i].Name)
		}
	}
	if err := s.run(*results); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// A soak is one run.
type soak struct {
	antedon  string
	jobs     int
	load     int
	times    int
	subjects []subject
}

// A subject is what is marked, once.
type subject struct {
	variant.Variant        // of a right TCP it has but a name
	dir             string // "" for a variant, which is made
	argv            []string
	seed            int
	findings        bool // look for them
	all             bool // and it has to have all but what it lacks
}

func (s *soak) addVariant(name string) error {
	v, err := variant.Find(name)
	if err == nil {
		right := len(v.Loses) == 0
		s.subjects = append(s.subjects, subject{Variant: *v, argv: []string{"python3", "main.py"}, seed: 1, findings: right, all: right})
	}
	return err
}

func (s *soak) addProgram(text string, all bool) error {
	part := strings.SplitN(text, "=", 3)
	if len(part) != 3 || part[2] == "" {
		return errors.New("want NAME=DIR=CMD")
	}
	s.subjects = append(s.subjects, subject{
		Variant: variant.Variant{Name: part[0], About: "a right TCP"}, dir: part[1], argv: strings.Fields(part[2]),
		seed: 1, findings: true, all: all,
	})
	return nil
}

// repeated returns the subjects as often as they are to be marked: variants, whose change is the same each time, once.
func (s *soak) repeated() []subject {
	subjects := slices.Clone(s.subjects)
	for seed := 2; seed <= s.times; seed++ {
		for _, sub := range s.subjects {
			if sub.dir != "" {
				sub.seed, sub.findings, sub.all = seed, false, false
				subjects = append(subjects, sub)
			}
		}
	}
	return subjects
}

func (s *soak) run(results string) error {
	p := page{begun: time.Now(), jobs: s.jobs, load: s.load}
	if err := p.identify(); err != nil {
		return err
	}
	l, err := startLoad(s.load)
	if err != nil {
		return err
	}
	p.marked = s.markAll(s.repeated())
	l.stop()
	p.print(os.Stdout)
	var errs []error
	for _, m := range p.marked {
		errs = append(errs, m.err)
	}
	if results != "" {
		errs = append(errs, p.writeResults(results))
	}
	return errors.Join(errs...)
}

// markAll has some at a time marked.
func (s *soak) markAll(subjects []subject) []outcome {
	marked := make([]outcome, len(subjects))
	turns := make(chan struct{}, max(s.jobs, 1))
	var wg sync.WaitGroup
	for i := range subjects {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			marked[i] = s.mark(&subjects[i])
			if marked[i].err != nil {
				fmt.Fprintln(os.Stderr, "soak:", marked[i].err)
			}
		})
	}
	wg.Wait()
	return marked
}
