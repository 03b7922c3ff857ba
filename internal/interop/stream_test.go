package interop

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
	"net"
	"testing"
)

// A stream is an endless sequence of bytes that look random, the same for the same name.
type stream struct{ cipher.Stream }

func newStream(name string) stream {
	var key [16]byte
	copy(key[:], name)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	return stream{cipher.NewCTR(block, make([]byte, aes.BlockSize))}
}

// Read implements io.Reader. It fills p.
func (s stream) Read(p []byte) (int, error) {
	clear(p)
	s.XORKeyStream(p, p)
	return len(p), nil
}

// first returns the first n bytes of a stream.
func first(name string, n int64) io.Reader { return io.LimitReader(newStream(name), n) }

// A checker compares what is written to it with a stream, byte by byte: unlike a hash, it knows where they part.
type checker struct {
	s    stream
	n    int64 // bytes seen
	want [64 << 10]byte
}

func newChecker(name string) *checker { return &checker{s: newStream(name)} }

// Write implements io.Writer.
func (c *checker) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		got := p[done:min(done+len(c.want), len(p))]
		want := c.want[:len(got)]
		c.s.Read(want)
		if !bytes.Equal(got, want) {
			i := 0
			for got[i] == want[i] {
				i++
			}
			return done, fmt.Errorf("byte %d of the stream is wrong", c.n+int64(i))
		}
		done += len(got)
		c.n += int64(len(got))
	}
	return done, nil
}

// ended checks that the stream had n bytes.
func (c *checker) ended(n int64) error {
	if c.n != n {
		return fmt.Errorf("got %d bytes, want %d", c.n, n)
	}
	return nil
}

// writeSizes are the sizes of a sender's successive writes.
var writeSizes = []int{1, 100, 1448, 4096, 64 << 10, 256<<10 + 7}

// send writes the first n bytes of a stream.
func send(c io.Writer, name string, n int64) error {
	s, buf := newStream(name), make([]byte, 256<<10+7)
	for i := 0; n > 0; i++ {
		p := buf[:min(n, int64(writeSizes[i%len(writeSizes)]))]
		s.Read(p)
		if _, err := c.Write(p); err != nil {
			return fmt.Errorf("%d bytes before the end: %w", n, err)
		}
		n -= int64(len(p))
	}
	return nil
}

// receive reads n bytes and compares them with a stream.
func receive(c io.Reader, name string, n int64) error {
	check := newChecker(name)
	if _, err := io.CopyBuffer(check, io.LimitReader(c, n), make([]byte, 256<<10)); err != nil {
		return fmt.Errorf("after %d bytes: %w", check.n, err)
	}
	return check.ended(n)
}

// receiveAll reads until the end, which must come after n bytes.
func receiveAll(c io.Reader, name string, n int64) error {
	check := newChecker(name)
	if _, err := io.Copy(check, c); err != nil {
		return fmt.Errorf("after %d bytes: %w", check.n, err)
	}
	return check.ended(n)
}

// atOnce runs functions at the same time and fails the test if one of them does.
func atOnce(t *testing.T, fns ...func() error) {
	t.Helper()
	errs := make(chan error)
	for _, fn := range fns {
		go func() { errs <- fn() }()
	}
	for range fns {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// transfer sends n bytes from one end of a connection to the other.
func transfer(t *testing.T, from, to net.Conn, n int64) {
	t.Helper()
	atOnce(t,
		func() error { return send(from, t.Name(), n) },
		func() error { return receive(to, t.Name(), n) },
	)
}
