package tally

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const polled = `{"bench":"poll","stack":"antedon","poller":"poll","fds":10,"active":1,"round":1,"turn_us":77,"event_ns":77}
{"bench":"poll","stack":"antedon","poller":"poll","fds":10,"active":1,"wide":false,"turn_us":1,"event_ns":1000}
{"bench":"poll","stack":"antedon","poller":"select","fds":10,"active":1,"wide":false,"turn_us":10,"event_ns":10000}
{"bench":"poll","stack":"antedon","poller":"select","fds":1000,"active":1,"wide":true,"turn_us":1000,"event_ns":1000000}
{"bench":"poll","stack":"antedon","poller":"epoll-et","fds":1000,"active":100,"turn_us":20,"event_ns":200}
{"bench":"poll","stack":"antedon","poller":"poll","fds":50000,"active":1,"error":"too many"}
{"bench":"poll","stack":"antedon","poller":"select","fds":50000,"active":1,"error":"too many"}
`

// TestPollTable: a case is a row, and what was not measured is said once.
func TestPollTable(t *testing.T) {
	const want = `
Waiting for descriptors, of which some are ready:

| descriptors watched, ready |  | select | poll | epoll, level | epoll, edge |
|---|---|--:|--:|--:|--:|
| 10, 1 | µs a wake-up | 10.0 | 1.00 | – | – |
| 1000, 1 | µs a wake-up | 1000 * | – | – | – |
| 1000, 100 | µs a wake-up | – | – | – | 20.0 |
|  | ns an event | – | – | – | 200 |

\* beyond libc's fd_set, which ends at descriptor 1,023: the kernel takes longer ones.

Not measured: too many.
`
	r := read(t, polled)
	if got := r.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var out strings.Builder
	if err := r.WriteTable(&out); err != nil || strings.Count(out.String(), "\n") != 9 {
		t.Errorf("%v, got\n%s", err, out.String())
	}
	both := read(t, measured+polled)
	if got := both.Markdown(); got != read(t, measured).Markdown()+want {
		t.Errorf("both tables:\n%s", got)
	}
	if r.Empty() {
		t.Error("Empty is wrong")
	}
}

// TestPollSVG: the picture is XML, its points are where they should be, and what libc could not do is dashed.
func TestPollSVG(t *testing.T) {
	svg, err := read(t, polled).PollSVG()
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
	for _, want := range []string{ // the axes reach from 10 to 1000, and from 1 to 1000
		`<circle class="poll" cx="60" cy="296"`,
		`<polyline class="line select wide" points="60,219 390,66"/>`,
		"of 1,000 descriptors",
		`<circle class="epoll-et" cx="800" cy="279"`, // 100 on an axis from 1 to 100, 0.2 on one from 0.1 to 1000
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
	if _, err := read(t, measured).PollSVG(); err == nil {
		t.Error("drew a picture of nothing")
	}
	refused := `{"bench":"poll","poller":"poll","fds":5,"active":1,"error":"not here"}`
	if _, err := read(t, refused).PollSVG(); err == nil || err.Error() != "not here" {
		t.Errorf("got %v, want the reason", err)
	}
}
