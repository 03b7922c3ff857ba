package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/antedon-net/antedon/link"
)

// Config says what a Writer writes. The zero Config is ready for use.
type Config struct {
	// Segment has super-packets written as the packets they stand for.
	Segment bool

	// SnapLen is how many bytes of each packet are kept; 0 keeps all. The partial checksum of a packet that is not kept
	// whole stays partial.
	SnapLen int

	// Application is named in the file as its author; default "antedon".
	Application string
}

// Direction is which way a packet went.
type Direction uint8

const (
	Unknown  Direction = 0
	Inbound  Direction = 1
	Outbound Direction = 2
)

// Info is what is noted about a packet.
type Info struct {
	Interface int // what AddInterface returned
	Time      time.Time
	Direction Direction
	Comment   string // shown by Wireshark with the packet; at most 65535 bytes are kept
}

// Stats counts packets; those that a super-packet stands for are counted singly if they are written singly.
type Stats struct {
	Written uint64 // handed to the underlying writer, or about to be
	Lost    uint64 // not written because of an error
}

// bufferSize bounds what a Writer keeps in memory. The largest packet with the longest comment fits.
const bufferSize = link.MaxSuperPacket + 80<<10

// Writer writes a capture file.
type Writer struct {
	cfg Config
	out io.Writer

	mu         sync.Mutex
	buf        []byte // blocks not yet written
	pending    uint64 // packets in buf
	interfaces int
	stats      Stats
	err        error // first error of out, or that of use after Close
	seg        link.Segmenter
}

// Create returns a Writer to a new file, or one that replaces an old file of that name. Close closes the file.
func Create(name string, cfg Config) (*Writer, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return NewWriter(f, cfg), nil
}

// NewWriter returns a Writer to out. If out is an io.Closer it is closed by Close.
func NewWriter(out io.Writer, cfg Config) *Writer {
	if cfg.Application == "" {
		cfg.Application = "antedon"
	}
	if cfg.SnapLen <= 0 || cfg.SnapLen > link.MaxSuperPacket {
		cfg.SnapLen = link.MaxSuperPacket
	}
	w := &Writer{cfg: cfg, out: out, buf: make([]byte, 0, bufferSize)}
	w.buf = appendSection(w.buf, truncate(cfg.Application, maxOption))
	return w
}

// AddInterface adds an interface and returns the number by which Info names it.
func (w *Writer) AddInterface(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	name = truncate(name, maxOption)
	w.room(blockRoom + len(name))
	w.buf = appendInterface(w.buf, name, w.cfg.SnapLen)
	w.interfaces++
	return w.interfaces - 1
}

// WritePacket writes p. It keeps no reference to p's bytes and changes nothing in p.
func (w *Writer) WritePacket(info Info, p *link.Packet) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if info.Interface < 0 || info.Interface >= w.interfaces {
		return fmt.Errorf("capture: there is no interface %d", info.Interface)
	}
	w.write(&info, p)
	return w.err
}

// write appends p to the buffer. w.mu is held.
func (w *Writer) write(info *Info, p *link.Packet) {
	if w.err != nil {
		w.stats.Lost++
		return
	}
	comment := min(len(info.Comment), maxOption)
	if w.cfg.Segment && p.SegSize > 0 && w.seg.Reset(p) == nil {
		for w.seg.Left() > 0 {
			w.room(blockRoom + comment + w.seg.Max())
			start, data := w.begin(info)
			b := w.seg.Next(data)
			w.end(info, start, len(b), len(b))
		}
		w.seg = link.Segmenter{}
		return
	}
	n := p.Len()
	kept := min(n, w.cfg.SnapLen)
	w.room(blockRoom + comment + kept)
	start, data := w.begin(info)
	w.end(info, start, copyPacket(data[:kept], p), n)
}

// copyPacket copies p to dst, as far as it fits, and returns how much it copied. It completes the checksum there, unless
// bytes are missing: then nobody could check it.
func copyPacket(dst []byte, p *link.Packet) int {
	n := copy(dst, p.Bytes)
	for _, b := range p.Payload {
		n += copy(dst[n:], b)
	}
	if n == p.Len() {
		c := link.Packet{Bytes: dst[:n], CsumStart: p.CsumStart, CsumOffset: p.CsumOffset}
		_ = link.CompleteChecksum(&c) // if that fails, the packet is shown as it is
	}
	return n
}

// begin returns where the block of a packet starts and the room for the packet's bytes.
func (w *Writer) begin(info *Info) (start int, data []byte) {
	start = len(w.buf)
	w.buf = appendPacketHead(w.buf, info)
	return start, w.buf[len(w.buf):cap(w.buf)]
}

// end completes the block, of whose packet n bytes of total are there.
func (w *Writer) end(info *Info, start, n, total int) {
	n = min(n, w.cfg.SnapLen)
	w.buf = appendPacketTail(w.buf[:len(w.buf)+n], info, start, n, total)
	w.pending++
	w.stats.Written++
}

// room makes sure that n bytes fit into the buffer.
func (w *Writer) room(n int) {
	if len(w.buf)+n > cap(w.buf) {
		w.flush()
	}
}

// flush empties the buffer.
func (w *Writer) flush() {
	if w.err == nil && len(w.buf) > 0 {
		if _, err := w.out.Write(w.buf); err != nil {
			w.err = fmt.Errorf("capture: %w", err)
		}
	}
	if w.err != nil {
		w.stats.Written -= w.pending
		w.stats.Lost += w.pending
	}
	w.buf, w.pending = w.buf[:0], 0
}

// Flush hands everything on to the underlying writer.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return w.err
}

// Err returns the first error of the underlying writer. Nothing is written after it.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Stats returns the counters.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

var errClosed = fmt.Errorf("capture: %w", os.ErrClosed)

// Close writes what is left and closes the file. Devices may go on; their packets are no longer captured.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(w.err, os.ErrClosed) {
		return nil
	}
	w.flush()
	err := w.err
	w.err = errClosed
	if c, ok := w.out.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

func truncate(s string, n int) string { return s[:min(len(s), n)] }
