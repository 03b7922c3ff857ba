package meter

import (
	"fmt"
	"strconv"
	"strings"
)

// FormatBytes returns a size with three digits and a decimal unit: "268 MB".
func FormatBytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	return scaled(float64(n), "B")
}

// FormatRate returns a rate in bits per second with three digits and a decimal unit: "41.2 Gbit/s".
func FormatRate(bitsPerSecond float64) string { return scaled(bitsPerSecond, "bit/s") }

func scaled(v float64, unit string) string {
	prefixes := []string{"", "k", "M", "G", "T"}
	i := 0
	for ; v >= 999.5 && i+1 < len(prefixes); i++ {
		v /= 1000
	}
	decimals := 0
	switch {
	case v < 9.995:
		decimals = 2
	case v < 99.95:
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + " " + prefixes[i] + unit
}

// Size is a number of bytes as people write it, "64k", "1.5G", "256MiB": k, M, G, T are powers of 1000, Ki, Mi, Gi, Ti
// of 1024. It is a value for flags.
type Size int64

var factors = map[string]float64{
	"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12,
	"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}

// Set parses s.
func (z *Size) Set(s string) error {
	number := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := strings.ToLower(strings.TrimSpace(s[len(number):]))
	factor, ok := factors[strings.TrimSuffix(unit, "b")]
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !ok || !(v >= 0 && v*factor < 1<<62) {
		return fmt.Errorf("%q is no size: want a number such as 1000, 64k, 10M or 1.5G", s)
	}
	*z = Size(v * factor)
	return nil
}

// String returns the number.
func (z *Size) String() string {
	if z == nil || *z == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*z), 10)
}

// Type names the value in help texts.
func (*Size) Type() string { return "SIZE" }
