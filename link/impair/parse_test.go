package impair

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	ms := time.Millisecond
	tests := []struct {
		in     string
		want   Plan
		string string // "" if it is in
	}{
		{"", Plan{}, ""},
		{
			"loss=1%,delay=20ms,jitter=2ms,reorder=0.1%,late=5ms,dup=0.1%,corrupt=0.01%,ce=1%,rate=100mbit,queue=1000,ecn=50,seed=7",
			Plan{Loss: 0.01, Delay: 20 * ms, Jitter: 2 * ms, Reorder: 0.001, Late: 5 * ms, Duplicate: 0.001, Corrupt: 0.0001,
				CE: 0.01, Rate: 100e6, Queue: 1000, ECN: 50, Seed: 7}, "",
		},
		{" Loss = 0.25 , RATE=2.5Gbit ", Plan{Loss: 0.25, Rate: 2500e6}, "loss=25%,rate=2500mbit"},
		{"rate=64kbit", Plan{Rate: 64000}, ""},
		{"rate=9601bit", Plan{Rate: 9601}, ""},
		{"rate=1tbit", Plan{Rate: 1e12}, ""},
		{"loss=100%,delay=1h", Plan{Loss: 1, Delay: time.Hour}, "loss=100%,delay=1h0m0s"},
		{"delay=1.5ms", Plan{Delay: 1500 * time.Microsecond}, ""},
		{"seed=18446744073709551615", Plan{Seed: 1<<64 - 1}, ""},
	}
	for _, test := range tests {
		got, err := Parse(test.in)
		if err != nil || got != test.want {
			t.Errorf("Parse(%q): got %+v, %v; want %+v", test.in, got, err, test.want)
		}
		want := test.string
		if want == "" {
			want = test.in
		}
		if s := got.String(); s != want {
			t.Errorf("String: got %q, want %q", s, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"los=1%":             `"los=1%": unknown, known are loss, delay,`,
		"loss":               `"loss": a value is missing`,
		"delay=":             `"delay=": a value is missing`,
		"loss=1%,":           `"": unknown`,
		"loss=1%,loss=2%":    `"loss=2%": loss is given twice`,
		"loss=many":          "not a percentage such as 0.5%",
		"loss=101%":          "loss is 1.01, must be from 0 to 100%",
		"dup=-1%":            "dup is -0.01",
		"corrupt=nan":        "corrupt is NaN",
		"ce=200%":            "ce is 2",
		"ecn=-1":             "ecn is -1 packets, must be from 0 to 10000000",
		"ecn=few":            "not a number of packets such as 1000",
		"delay=20":           "not a time such as 20ms",
		"jitter=-1ms":        "jitter is -1ms, must be from 0 to 1h",
		"late=2h":            "late is 2h0m0s",
		"rate=100":           "not a rate such as 100mbit",
		"rate=11tbit":        "of at most 10tbit",
		"rate=-1bit":         "rate is -1 bit/s",
		"queue=1.5":          "not a number of packets",
		"queue=999999999":    "queue is 999999999 packets",
		"seed=-1":            "not a number from 0",
		"delay=20ms;loss=1%": "not a time",
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "impair: ") {
			t.Errorf("Parse(%q): got %v, want %q in it", in, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("loss=1%,delay=20ms,jitter=2ms,reorder=0.1%,late=5ms,dup=0.1%,corrupt=0.01%,rate=100mbit,queue=1000,seed=7")
	f.Add("loss=0.07,rate=2.5gbit,dup=1e-7%")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if err != nil || again != p {
			t.Errorf("%q is %+v, whose form %q is %+v, %v", s, p, p.String(), again, err)
		}
	})
}
