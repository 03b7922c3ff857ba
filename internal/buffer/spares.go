package buffer

// spares are the parts of buffers that empty ones have given back: zero, but for memory that the next owner can use.
type spares[T any] struct{ free []*T }

// sparesKept bounds them.
const sparesKept = 1024

func (s *spares[T]) get() *T {
	n := len(s.free)
	if n == 0 {
		return new(T)
	}
	x := s.free[n-1]
	s.free = s.free[:n-1]
	return x
}

func (s *spares[T]) put(x *T) {
	if len(s.free) < sparesKept {
		s.free = append(s.free, x)
	}
}
