package host

// recent remembers a bounded number of things. A new one takes the place of the oldest.
type recent[K comparable, V any] struct {
	limit int
	index map[K]int
	items []recentItem[K, V]
	next  int // to be replaced once all places are taken
}

type recentItem[K comparable, V any] struct {
	key   K
	value V
}

// lookup returns what is remembered of key.
func (r *recent[K, V]) lookup(key K) (value V, ok bool) {
	if len(r.index) == 0 {
		return value, false
	}
	i, ok := r.index[key]
	if !ok {
		return value, false
	}
	return r.items[i].value, true
}

// set remembers value for key.
func (r *recent[K, V]) set(key K, value V) {
	if r.index == nil {
		r.index = map[K]int{}
	}
	i, known := r.index[key]
	switch {
	case known:
	case len(r.items) < r.limit:
		i = len(r.items)
		r.items = append(r.items, recentItem[K, V]{})
	default:
		i = r.next
		r.next = (r.next + 1) % r.limit
		delete(r.index, r.items[i].key)
	}
	r.items[i] = recentItem[K, V]{key, value}
	r.index[key] = i
}
