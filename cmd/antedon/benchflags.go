package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// parseCounts parses a list of numbers from 1 to most, and leaves out what it has already.
func parseCounts(s string, most int) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("%q: want numbers such as 1,16, at most %d", part, most)
		}
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list, nil
}

// percents is a flag that takes a list of percentages, with or without the sign.
type percents []float64

// Set parses s.
func (v *percents) Set(s string) error {
	var list []float64
	for part := range strings.SplitSeq(s, ",") {
		f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(part), "%"), 64)
		if err != nil || !(f >= 0 && f <= 100) {
			return fmt.Errorf("%q is no percentage: want a list such as 0,0.1,5", part)
		}
		list = append(list, f)
	}
	*v = list
	return nil
}

// String returns the list as it may be given.
func (v *percents) String() string {
	parts := make([]string, len(*v))
	for i, f := range *v {
		parts[i] = strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strings.Join(parts, ",")
}

// Type names the value in help texts.
func (*percents) Type() string { return "PERCENT,..." }

// times is a flag that takes a list of times in milliseconds, or as durations.
type times []time.Duration

// Set parses s.
func (v *times) Set(s string) error {
	var list []time.Duration
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		d, err := time.ParseDuration(part)
		if f, ferr := strconv.ParseFloat(part, 64); ferr == nil {
			d, err = time.Duration(f*float64(time.Millisecond)), nil
		}
		if err != nil || d < 0 || d > time.Minute {
			return fmt.Errorf("%q is no time: want a list of milliseconds such as 1,20,200", part)
		}
		list = append(list, d)
	}
	*v = list
	return nil
}

// String returns the list as it may be given.
func (v *times) String() string {
	parts := make([]string, len(*v))
	for i, d := range *v {
		parts[i] = strconv.FormatFloat(d.Seconds()*1000, 'g', -1, 64)
	}
	return strings.Join(parts, ",")
}

// Type names the value in help texts.
func (*times) Type() string { return "MS,..." }

// seedRange is a flag that takes a number of seeds, "5", or their range, "3-7".
type seedRange struct{ first, last uint64 }

// Set parses s.
func (v *seedRange) Set(s string) error {
	lo, hi, isRange := strings.Cut(s, "-")
	if !isRange {
		lo, hi = "1", s
	}
	first, err := strconv.ParseUint(lo, 10, 32)
	last, err2 := strconv.ParseUint(hi, 10, 32)
	if err != nil || err2 != nil || first < 1 || last < first || last-first >= 1000 {
		return fmt.Errorf("%q: want how many seeds, such as 5, or which ones, such as 3-7", s)
	}
	*v = seedRange{first, last}
	return nil
}

// String returns the range as it may be given.
func (v *seedRange) String() string {
	switch {
	case v.last == 0:
		return ""
	case v.first == 1:
		return strconv.FormatUint(v.last, 10)
	}
	return fmt.Sprintf("%d-%d", v.first, v.last)
}

// Type names the value in help texts.
func (*seedRange) Type() string { return "N|A-B" }

func (v *seedRange) list() []uint64 {
	var seeds []uint64
	for s := v.first; s <= v.last; s++ {
		seeds = append(seeds, s)
	}
	return seeds
}

// rate is a flag that takes bits per second, "100mbit".
type rate int64

// Set parses s.
func (v *rate) Set(s string) error {
	p, err := impair.Parse("rate=" + s)
	if err != nil || p.Rate < 1e5 {
		return fmt.Errorf("%q is no rate: want at least 100kbit, such as 100mbit", s)
	}
	*v = rate(p.Rate)
	return nil
}

// String returns the rate as it may be given.
func (v *rate) String() string {
	return strings.TrimPrefix(impair.Plan{Rate: int64(*v)}.String(), "rate=")
}

// Type names the value in help texts.
func (*rate) Type() string { return "RATE" }

// ccFlags are the congestion control algorithms of a benchmark.
type ccFlags struct{ ours, kernel string }

func (f *ccFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.ours, "cc", congestion.DefaultName, "congestion control `NAME`")
	fs.StringVar(&f.kernel, "kernel-cc", "", "the kernel's congestion control `NAME` (default: the same)")
}

func (f *ccFlags) algorithms() (bench.Algorithms, error) {
	if _, err := congestion.New(f.ours, congestion.Options{MSS: 1460, Initial: 10}); err != nil {
		return bench.Algorithms{}, usagef("--cc: %w", err)
	}
	return bench.Algorithms{Antedon: f.ours, Kernel: cmp.Or(f.kernel, f.ours)}, nil
}

// multiples is a flag that takes a list of positive numbers.
type multiples []float64

// Set parses s.
func (v *multiples) Set(s string) error {
	var list []float64
	for part := range strings.SplitSeq(s, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(f > 0 && f <= 1000) {
			return fmt.Errorf("%q: want a list of numbers such as 1,0.25", part)
		}
		list = append(list, f)
	}
	*v = list
	return nil
}

// String returns the list as it may be given.
func (v *multiples) String() string { return (*percents)(v).String() }

// Type names the value in help texts.
func (*multiples) Type() string { return "N,..." }
