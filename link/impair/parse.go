package impair

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// field is one key of the text form of a Plan.
type field struct {
	key    string
	parse  func(p *Plan, s string) error
	format func(p *Plan) string // "" if the field has its default
}

var fields = []field{
	probability("loss", func(p *Plan) *float64 { return &p.Loss }),
	duration("delay", func(p *Plan) *time.Duration { return &p.Delay }),
	duration("jitter", func(p *Plan) *time.Duration { return &p.Jitter }),
	probability("reorder", func(p *Plan) *float64 { return &p.Reorder }),
	duration("late", func(p *Plan) *time.Duration { return &p.Late }),
	probability("dup", func(p *Plan) *float64 { return &p.Duplicate }),
	probability("corrupt", func(p *Plan) *float64 { return &p.Corrupt }),
	probability("ce", func(p *Plan) *float64 { return &p.CE }),
	{"rate", parseRate, formatRate},
	packets("queue", func(p *Plan) *int { return &p.Queue }),
	packets("ecn", func(p *Plan) *int { return &p.ECN }),
	{"seed", parseSeed, formatSeed},
}

// Parse reads the text form of a Plan, such as
//
//	loss=1%,delay=20ms,jitter=2ms,reorder=0.1%,late=5ms,dup=0.1%,corrupt=0.01%,ce=1%,rate=100mbit,queue=1000,ecn=50,seed=7
//
// in any order; what is left out has its default. Probabilities are percentages or fractions, times are Go durations,
// the rate has one of the units bit, kbit, mbit, gbit and tbit per second, and queue and ecn count packets.
func Parse(s string) (Plan, error) {
	var p Plan
	seen := make(map[string]bool)
	for _, item := range strings.Split(s, ",") {
		item = strings.TrimSpace(item)
		if item == "" && strings.TrimSpace(s) == "" {
			return p, nil
		}
		key, value, ok := strings.Cut(item, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		f := lookup(key)
		switch {
		case f == nil:
			return Plan{}, fmt.Errorf("impair: %q: unknown, known are %s", item, keys())
		case !ok || value == "":
			return Plan{}, fmt.Errorf("impair: %q: a value is missing", item)
		case seen[key]:
			return Plan{}, fmt.Errorf("impair: %q: %s is given twice", item, key)
		}
		seen[key] = true
		if err := f.parse(&p, value); err != nil {
			return Plan{}, fmt.Errorf("impair: %q: %w", item, err)
		}
	}
	if err := p.Check(); err != nil {
		return Plan{}, fmt.Errorf("impair: %w", err)
	}
	return p, nil
}

// String returns the text form of p, which Parse turns into p again. It is empty for the zero Plan.
func (p Plan) String() string {
	var items []string
	for _, f := range fields {
		if v := f.format(&p); v != "" {
			items = append(items, f.key+"="+v)
		}
	}
	return strings.Join(items, ",")
}

// Set implements flag.Value.
func (p *Plan) Set(s string) (err error) {
	*p, err = Parse(s)
	return err
}

func lookup(key string) *field {
	for i := range fields {
		if fields[i].key == key {
			return &fields[i]
		}
	}
	return nil
}

func keys() string {
	var k []string
	for _, f := range fields {
		k = append(k, f.key)
	}
	return strings.Join(k, ", ")
}

func probability(key string, at func(*Plan) *float64) field {
	parse := func(p *Plan, s string) error {
		number, percent := strings.CutSuffix(s, "%")
		v, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return errors.New("not a percentage such as 0.5%")
		}
		if percent {
			v /= 100
		}
		*at(p) = v
		return nil
	}
	format := func(p *Plan) string {
		v := *at(p)
		if v == 0 {
			return ""
		}
		s := strconv.FormatFloat(v*100, 'g', -1, 64)
		if back, err := strconv.ParseFloat(s, 64); err != nil || back/100 != v {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		return s + "%"
	}
	return field{key, parse, format}
}

func duration(key string, at func(*Plan) *time.Duration) field {
	parse := func(p *Plan, s string) (err error) {
		if *at(p), err = time.ParseDuration(s); err != nil {
			return errors.New("not a time such as 20ms")
		}
		return nil
	}
	format := func(p *Plan) string {
		if *at(p) == 0 {
			return ""
		}
		return at(p).String()
	}
	return field{key, parse, format}
}

var rateUnits = []struct {
	name string
	bits int64
}{{"tbit", 1e12}, {"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}

func parseRate(p *Plan, s string) error {
	for _, u := range rateUnits {
		number, ok := strings.CutSuffix(strings.ToLower(s), u.name)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && n <= maxRate/u.bits {
			p.Rate = n * u.bits
			return nil
		}
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || !(v*float64(u.bits) <= maxRate) {
			break
		}
		p.Rate = int64(v * float64(u.bits))
		return nil
	}
	return errors.New("not a rate such as 100mbit, of at most 10tbit")
}

func formatRate(p *Plan) string {
	if p.Rate == 0 {
		return ""
	}
	for _, u := range rateUnits {
		if p.Rate%u.bits == 0 {
			return strconv.FormatInt(p.Rate/u.bits, 10) + u.name
		}
	}
	return ""
}

func packets(key string, at func(*Plan) *int) field {
	parse := func(p *Plan, s string) (err error) {
		if *at(p), err = strconv.Atoi(s); err != nil {
			return errors.New("not a number of packets such as 1000")
		}
		return nil
	}
	format := func(p *Plan) string {
		if *at(p) == 0 {
			return ""
		}
		return strconv.Itoa(*at(p))
	}
	return field{key, parse, format}
}

func parseSeed(p *Plan, s string) (err error) {
	if p.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
		return errors.New("not a number from 0 to 2^64-1")
	}
	return nil
}

func formatSeed(p *Plan) string {
	if p.Seed == 0 {
		return ""
	}
	return strconv.FormatUint(p.Seed, 10)
}
