package contest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/workload"
)

// Case is what is measured: a load.
type Case struct {
	Bench   workload.Bench
	Dir     workload.Dir // of workload.Bulk
	Streams int
}

// String returns the case in the form "bulk send, 16 streams".
func (c Case) String() string {
	s := string(c.Bench)
	if c.Dir != "" {
		s += " " + string(c.Dir)
	}
	if c.Streams == 1 {
		return s + ", 1 stream"
	}
	return fmt.Sprintf("%s, %d streams", s, c.Streams)
}

// file returns the name of the file with the profile of a run.
func (c Case) file(s Stack, round int) string {
	name := string(c.Bench)
	if c.Dir != "" {
		name += "-" + string(c.Dir)
	}
	return fmt.Sprintf("%s-%d-%s-%d.pprof", name, c.Streams, s, round)
}

// Cases returns a case for each number of streams and, if there are any, each direction.
func Cases(b workload.Bench, dirs []workload.Dir, streams []int) []Case {
	if len(dirs) == 0 {
		dirs = []workload.Dir{""}
	}
	var cases []Case
	for _, d := range dirs {
		for _, n := range streams {
			cases = append(cases, Case{b, d, n})
		}
	}
	return cases
}

// Plan is a contest.
type Plan struct {
	Cases   []Case
	Stacks  []Stack // to tell of, in this order
	Rounds  int
	Time    time.Duration // that counts, of each run
	Profile string        // the directory for CPU profiles, if not empty

	API workload.API // that loads on our own stack are written to; workload.Net if empty

	MTU       int  // of the links; 0 is 1500
	IPv6      bool // instead of IPv4
	NoOffload bool // of the devices; the kernel's veths keep theirs
}

// Round is one round of one case.
type Round struct {
	Case    Case
	Number  int // from 1
	Results map[Stack]*workload.Result
	Errors  map[Stack]error // of those that have no result
}

// Steps returns how many runs there are.
func (p *Plan) Steps() int { return len(p.Cases) * p.Rounds * len(p.contestants()) }

// contestants are who takes part.
func (p *Plan) contestants() []Stack {
	if slices.Contains(p.Stacks, Kernel) {
		return p.Stacks
	}
	return append([]Stack{Kernel}, p.Stacks...)
}

// Run makes all rounds and tells of each. step is called after each run. It ends early if the kernel cannot be measured.
func (p *Plan) Run(ctx context.Context, step func(), each func(Round)) error {
	programs, absent := make(map[Stack][]string), make(map[Stack]error)
	for _, s := range p.contestants() {
		argv, err := program(s)
		if _, ok := errors.AsType[errUnavailable](err); err != nil && !ok {
			return err
		}
		programs[s], absent[s] = argv, err
	}
	for _, c := range p.Cases {
		for n := 1; n <= p.Rounds; n++ {
			r := Round{c, n, make(map[Stack]*workload.Result), make(map[Stack]error)}
			for _, s := range p.turn(n) {
				err := absent[s]
				if err == nil {
					r.Results[s], err = p.run(ctx, s, programs[s], c, n)
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err != nil {
					r.Errors[s] = err
				}
				step()
			}
			if err := r.Errors[Kernel]; err != nil {
				return fmt.Errorf("%v: kernel: %w", c, err)
			}
			each(r)
		}
	}
	return nil
}

// turn returns the order of a round.
func (p *Plan) turn(round int) []Stack {
	all := p.contestants()
	first := (round - 1) % len(all)
	return slices.Concat(all[first:], all[:first])
}

// api returns what the loads on a stack are written to.
func (p *Plan) api(s Stack) workload.API {
	if s == Antedon && p.API != "" {
		return p.API
	}
	return workload.Net
}

func (p *Plan) run(ctx context.Context, s Stack, program []string, c Case, round int) (*workload.Result, error) {
	t := workload.Task{
		Bench: c.Bench, Dir: c.Dir, API: p.api(s), Streams: c.Streams, Time: p.Time, MTU: p.MTU, NoOffload: p.NoOffload,
	}
	if p.Profile != "" {
		path, err := filepath.Abs(filepath.Join(p.Profile, c.file(s, round)))
		if err != nil {
			return nil, err
		}
		t.Profile = path
	}
	return run(ctx, s, program, t, p.IPv6)
}
