package tally

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const many = `{"bench":"bulk","stack":"antedon","streams":1000,"ratio":0.5,"dir":"send","gbps":10,"cpu_s_per_gb":0.5,"echo_p99_us":100000}
{"bench":"bulk","stack":"kernel","streams":1000,"ratio":1,"dir":"send","gbps":20,"cpu_s_per_gb":0.2,"echo_p99_us":200000}
{"bench":"bulk","stack":"antedon","streams":10,"ratio":0.5,"dir":"send","gbps":10,"cpu_s_per_gb":0.1,"echo_p99_us":1000}
{"bench":"bulk","stack":"kernel","streams":10,"ratio":1,"dir":"send","gbps":20,"cpu_s_per_gb":0.2,"echo_p99_us":2000}
{"bench":"bulk","stack":"antedon","streams":1,"ratio":0.5,"dir":"recv","gbps":10,"cpu_s_per_gb":0.1,"echo_p99_us":1000}
`

// TestCurve: three numbers of streams make a curve, in their order, whose rows are not in the table too but for 1 and 16.
func TestCurve(t *testing.T) {
	r := read(t, measured+many)
	const want = `|  | streams | Antedon, Gbit/s | kernel, Gbit/s | gVisor, Gbit/s | Antedon, ms | kernel, ms | gVisor, ms | Antedon, s per GB | kernel, s per GB | gVisor, s per GB | Antedon ÷ kernel | gVisor ÷ kernel |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| send | 1 | 45.5 | 36.4 | 18.0 | 4.00 | 0.000 | 0.000 | 0.120 | 0.200 | 0.400 | x1.25 | x0.50 |
| send | 10 | 10.0 | 20.0 | – | 1.00 | 2.00 | – | 0.100 | 0.200 | – | x0.50 | – |
| send | 1000 | 10.0 | 20.0 | – | 100 | 200 | – | 0.500 | 0.200 | – | x0.50 | – |
`
	got := r.Markdown()
	if !strings.HasSuffix(got, want) || strings.Contains(got, "send, 10 ") || !strings.Contains(got, "| send, 1 stream |") {
		t.Errorf("got\n%s\nwant its end to be\n%s", got, want)
	}
	svg, err := r.CurveSVG()
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	for _, want := range []string{
		`<polyline class="kernel" points="56,135 166,169 386,169"/>`, // 36.44, 20, 20 of 10 to 100, at 1, 10, 1000 of 1 to 1000
		`>CPU, send: s per GB</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
	if _, err := read(t, measured).CurveSVG(); err == nil {
		t.Error("drew a curve of one number of streams")
	}
}
