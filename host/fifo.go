package host

// fifo is a queue that reuses its memory. The zero fifo is empty.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

// front returns the oldest item, which stays in the queue.
func (q *fifo[T]) front() *T { return &q.items[q.head] }

func (q *fifo[T]) push(x T) {
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, x)
}

// pop takes out the oldest item. An empty queue gives up memory that outgrew everyday use.
func (q *fifo[T]) pop() T {
	x := q.items[q.head]
	clear(q.items[q.head : q.head+1])
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
		if cap(q.items) > 256 {
			q.items = nil
		}
	}
	return x
}
