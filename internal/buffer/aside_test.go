package buffer

import (
	"bytes"
	"testing"
)

// TestCopyAside copies every length to and from every alignment, and nothing beyond.
func TestCopyAside(t *testing.T) {
	const most = asideLeast + 3*asideBlock
	src := patternBytes(0, most+64)
	memory := make([]byte, most+asideBlock+64)
	for from := range 17 {
		for to := range asideBlock + 1 {
			for _, n := range []int{0, 1, asideLeast - 1, asideLeast, asideLeast + to, most - 1, most} {
				clear(memory)
				if got := CopyAside(memory[to:to+n], src[from:]); got != n {
					t.Fatalf("%d copied, want %d", got, n)
				}
				if !bytes.Equal(memory[to:to+n], src[from:from+n]) {
					t.Fatalf("%d bytes from %d to %d: not the same", n, from, to)
				}
				if len(bytes.Trim(memory[:to], "\x00")) != 0 || len(bytes.Trim(memory[to+n:], "\x00")) != 0 {
					t.Fatalf("%d bytes from %d to %d: wrote beyond", n, from, to)
				}
			}
		}
	}
	if got := CopyAside(memory, src[:asideLeast]); got != asideLeast {
		t.Errorf("%d copied of %d, want all", got, asideLeast)
	}
}

// BenchmarkCopyAside copies to memory that nobody has used for a while.
func BenchmarkCopyAside(b *testing.B) {
	src, memory := make([]byte, large), make([]byte, 512*large)
	for name, f := range map[string]func(dst, src []byte) int{"copy": func(dst, src []byte) int { return copy(dst, src) }, "aside": CopyAside} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(large)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f(memory[i%512*large:][:large], src)
			}
		})
	}
}
