// Command soak has antedon lab grade mark references, and variants of the Python reference, and compares the marks with what
// they have to be.
//
//	go run ./lab/variant/soak --variants --jobs 4
//	go run ./lab/variant/soak --variant ignores-fin --program 'go=build=./main' --results build/lab-grade.json
//
// It prints a table, and exits with 1 if a mark is not what it has to be.
//
// Concurrency: one process. Limitations: it is for the root of the repository; python3 has to be installed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/antedon-net/antedon/lab/variant"
)

func main() {
	s := soak{antedon: "bin/antedon", times: 1}
	all := flag.Bool("variants", false, "mark all variants")
	results := flag.String("results", "", "write names, scores and findings to `FILE`, as JSON")
	flag.StringVar(&s.antedon, "antedon", s.antedon, "the binary")
	flag.IntVar(&s.jobs, "jobs", 2, "how many are marked at a time")
	flag.IntVar(&s.times, "times", s.times, "how often each program is marked, with a seed of its own")
	flag.Func("variant", "mark this variant; may be repeated", s.addVariant)
	flag.Func("program", "mark a right TCP, `NAME=DIR=CMD`; may be repeated", s.addProgram)
	flag.Parse()
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
	times    int
	subjects []subject
}

// A subject is what is marked.
type subject struct {
	variant.Variant        // of a right TCP it has but a name
	dir             string // "" for a variant, which is made
	argv            []string
	seed            int
}

func (s *soak) addVariant(name string) error {
	v, err := variant.Find(name)
	if err == nil {
		s.subjects = append(s.subjects, subject{Variant: *v, argv: []string{"python3", "main.py"}, seed: 1})
	}
	return err
}

func (s *soak) addProgram(text string) error {
	part := strings.SplitN(text, "=", 3)
	if len(part) != 3 || part[2] == "" {
		return errors.New("want NAME=DIR=CMD")
	}
	for i := range max(s.times, 1) {
		v := variant.Variant{Name: part[0], About: "a right TCP"}
		s.subjects = append(s.subjects, subject{Variant: v, dir: part[1], argv: strings.Fields(part[2]), seed: i + 1})
	}
	return nil
}

func (s *soak) run(results string) error {
	marked := make([]outcome, len(s.subjects))
	turns := make(chan struct{}, max(s.jobs, 1))
	var wg sync.WaitGroup
	for i := range s.subjects {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			marked[i] = s.mark(&s.subjects[i], results != "")
			if marked[i].err != nil {
				fmt.Fprintln(os.Stderr, "soak:", marked[i].err)
			}
		})
	}
	wg.Wait()
	printTable(marked)
	var errs []error
	for _, m := range marked {
		errs = append(errs, m.err)
	}
	if results != "" {
		errs = append(errs, writeResults(results, marked))
	}
	return errors.Join(errs...)
}
