package tally

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const measured = `{"bench":"bulk","stack":"antedon","streams":1,"round":1,"ratio":9,"dir":"send","gbps":9}
{"bench":"bulk","stack":"antedon","streams":1,"ratio":1.25,"dir":"send","gbps":45.5,"cpu_s_per_gb":0.12,"switches_per_mb":1.5,"echo_p99_us":4000}
{"bench":"bulk","stack":"kernel","streams":1,"ratio":1,"dir":"send","gbps":36.44,"cpu_s_per_gb":0.2,"switches_per_mb":2}
{"bench":"bulk","stack":"gvisor","streams":1,"ratio":0.5,"dir":"send","gbps":18,"cpu_s_per_gb":0.4,"switches_per_mb":17}
{"bench":"rr","stack":"antedon","streams":1,"ratio":0.8,"api":"net","p50_us":16,"p99_us":60,"p999_us":120}
{"bench":"rr","stack":"kernel","streams":1,"ratio":1,"api":"net","p50_us":20,"p99_us":50,"p999_us":90}
{"bench":"crr","stack":"antedon","streams":16,"ratio":2,"conn_s":20000}
{"bench":"crr","stack":"gvisor","streams":16,"ratio":0,"conn_s":0,"error":"not built"}
{"bench":"core","stack":"antedon","order":"reversed","wire":true,"streams":1,"gbps":15.25,"memmove_ratio":0.3,"ratio":0.3}
{"bench":"idle","stack":"antedon","streams":100000,"bytes_per_conn":990.4,"ratio":0.25}
{"bench":"loss","stack":"antedon","ratio":1}
`

func read(t *testing.T, text string) *Tally {
	t.Helper()
	r := New()
	if err := r.Read(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMarkdown: summaries become rows, what was not measured a dash.
func TestMarkdown(t *testing.T) {
	const want = `|  |  | Antedon | kernel | gVisor | Antedon ÷ kernel | gVisor ÷ kernel |
|---|---|--:|--:|--:|--:|--:|
| send, 1 stream | Gbit/s | 45.5 | 36.4 | 18.0 | x1.25 | x0.50 |
|  | CPU s per GB | 0.120 | 0.200 | 0.400 | – | – |
|  | context switches per MB | 1.50 | 2.00 | 17.0 | – | – |
|  | a byte beside it, 99 %, µs | 4000 | 0.000 | 0.000 | – | – |
| round trip of a byte | median, µs (less is better) | 16.0 | 20.0 | – | x0.80 | – |
|  | 99 %, µs | 60.0 | 50.0 | – | – | – |
|  | 99.9 %, µs | 120 | 90.0 | – | – | – |
| connect and close, 16 at a time | per second | 20000 | – | – | x2.00 | – |
| two connections in memory, every batch reversed, with headers and checksums | Gbit/s | 15.2 | – | – | – | – |
|  | times a memmove | 0.300 | – | – | – | – |
| memory of an idle connection, of 100000 | bytes (less is better) | 990 | – | – | x0.25 | – |
`
	if got := read(t, measured).Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var out strings.Builder
	if err := read(t, measured).WriteTable(&out); err != nil || strings.Count(out.String(), "\n") != 12 {
		t.Errorf("%v, got\n%s\nwant 12 lines", err, out.String())
	}
}

// TestSVG: the picture is XML, its bars are as long as they should be, and more is better in all of it.
func TestSVG(t *testing.T) {
	svg, err := read(t, measured).SVG()
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
	for _, want := range []string{ // x2 takes all of the 400
		`width="250" height="12"/><text class="number" x="505" y="75">x1.25</text>`, // send
		`width="100" height="12"/><text class="number" x="355" y="88">x0.50</text>`, // gVisor's
		`>x1.25</text>`, // the round trip, which takes 0.8 of the time
		`width="400" height="12"/>`,
		`class="one" x1="450"`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
	if n := strings.Count(svg, ">x1.25</text>"); n != 2 {
		t.Errorf("%d bars of x1.25, want 2", n)
	}
	if _, err := read(t, `{"bench":"idle","stack":"antedon","bytes_per_conn":1}`).SVG(); err == nil {
		t.Error("drew a picture of nothing")
	}
}

func TestRead(t *testing.T) {
	for _, text := range []string{"\n", "{}\n", "text\n"} {
		if err := New().Read(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), "line 1 is not one") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if !read(t, `{"bench":"loss","stack":"antedon","ratio":1}`).Empty() || read(t, measured).Empty() {
		t.Error("Empty is wrong")
	}
}

func TestSplice(t *testing.T) {
	got, err := Splice("a\n"+begin+"old\n"+end+"b\n", "new\n")
	if want := "a\n" + begin + "new\n" + end + "b\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, document := range []string{"", begin, end + begin} {
		if _, err := Splice(document, ""); err == nil {
			t.Errorf("%q: no error", document)
		}
	}
}
