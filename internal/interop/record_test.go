package interop

import (
	"encoding/binary"
	"os"
	"sync"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

const (
	// beginRoom and endRoom bound what a record keeps of the begin and the end of a capture, in bytes.
	beginRoom = 32 << 20
	endRoom   = 8 << 20
	// headersOnly is how much is captured of packets that nobody looks at unless the test fails.
	headersOnly = 160
)

// A record keeps a capture in memory: its beginning, which tshark judges, and its end, which explains a failure.
type record struct {
	mu       sync.Mutex
	room     int    // for begin
	head     []byte // the blocks that all others need
	begin    []byte
	end, old []byte // old is what end was when it was full
}

// newRecord returns a record of what crosses a device, and the device to use instead. whole says whether the beginning
// and whole packets are kept.
func newRecord(d link.Device, whole bool) (*record, link.Device) {
	r, cfg := new(record), capture.Config{SnapLen: headersOnly}
	if whole {
		r.room, cfg.SnapLen = beginRoom, 0
	}
	return r, capture.New(d, capture.NewWriter(r, cfg))
}

// Types of blocks in a pcapng.
const (
	sectionHeader        = 0x0a0d0d0a
	interfaceDescription = 1
)

// Write implements io.Writer. It is given whole blocks.
func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for b := p; len(b) >= 8; {
		typ, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		r.add(typ, b[:n])
		b = b[n:]
	}
	return len(p), nil
}

func (r *record) add(typ uint32, block []byte) {
	switch {
	case typ == sectionHeader || typ == interfaceDescription:
		r.head = append(r.head, block...)
	case len(r.begin)+len(block) <= r.room:
		r.begin = append(r.begin, block...)
	default:
		r.room = 0 // no more, or there would be holes
		if len(r.end)+len(block) > endRoom {
			r.end, r.old = r.old[:0], r.end
		}
		r.end = append(r.end, block...)
	}
}

// save writes parts of the record to a file that the test leaves behind if it fails, and returns its name.
func (r *record) save(t *testing.T, parts ...[]byte) string {
	t.Helper()
	f, err := os.CreateTemp("", "antedon-interop-*.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range append([][]byte{r.head}, parts...) {
		if _, err := f.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	return f.Name()
}

// explain leaves the record behind if the test has failed.
func (r *record) explain(t *testing.T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.Failed() {
		t.Logf("what crossed the link: %s", r.save(t, r.begin, r.old, r.end))
	}
}
