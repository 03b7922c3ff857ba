package multiplex

import (
	"fmt"
	"strconv"
	"strings"
)

// Share is how many of some descriptors are ready at a time: a number, or a percentage of all.
type Share struct {
	Count   int
	Percent float64 // if Count is 0
}

// ParseShare understands "7" and "0.5%".
func ParseShare(s string) (Share, error) {
	if number, ok := strings.CutSuffix(s, "%"); ok {
		if f, err := strconv.ParseFloat(number, 64); err == nil && f > 0 && f <= 100 {
			return Share{Percent: f}, nil
		}
	} else if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return Share{Count: n}, nil
	}
	return Share{}, fmt.Errorf("%q: want how many are ready, such as 1 or 10%%", s)
}

// String is what ParseShare understands.
func (s Share) String() string {
	if s.Count > 0 {
		return strconv.Itoa(s.Count)
	}
	return strconv.FormatFloat(s.Percent, 'g', -1, 64) + "%"
}

// of returns how many of n that are: at least one, at most all.
func (s Share) of(n int) int {
	k := s.Count
	if k == 0 {
		k = int(float64(n) * s.Percent / 100)
	}
	return min(max(k, 1), n)
}
