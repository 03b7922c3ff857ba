package meter

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	for _, tt := range []struct {
		r    Report
		want string
	}{
		{Report{268435456, 50 * time.Millisecond}, "268 MB in 0.05 s: 42.9 Gbit/s"},
		{Report{999, time.Second}, "999 B in 1.00 s: 7.99 kbit/s"},
		{Report{1500, time.Second}, "1.50 kB in 1.00 s: 12.0 kbit/s"},
		{Report{999999, 8 * time.Second}, "1.00 MB in 8.00 s: 1.00 Mbit/s"},
		{Report{0, 0}, "0 B in 0.00 s: 0.00 bit/s"},
	} {
		if got := tt.r.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Size
	}{
		{"0", 0}, {"1000", 1000}, {"64k", 64000}, {"64KiB", 65536}, {"1.5G", 1500000000}, {"10 MB", 10000000}, {"2Ti", 2 << 40},
	} {
		var got Size
		if err := got.Set(tt.in); err != nil || got != tt.want {
			t.Errorf("%q: got %d, %v, want %d", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{"", "k", "-1", "1x", "NaN", "Inf", "1e30", "5 parsecs"} {
		if err := new(Size).Set(in); err == nil || !strings.Contains(err.Error(), "want a number such as") {
			t.Errorf("%q: got %v, want an error that says what is wanted", in, err)
		}
	}
}

// TestQuiet: nothing is shown where nobody watches.
func TestQuiet(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m := Start(w, "send", 100)
	for range 10 {
		m.Write(make([]byte, 10))
	}
	if got := m.Stop().Bytes; got != 100 {
		t.Errorf("got %d bytes, want 100", got)
	}
	w.Close()
	b := make([]byte, 1)
	if n, _ := r.Read(b); n != 0 {
		t.Errorf("a byte was written to a pipe: %q", b)
	}
}
