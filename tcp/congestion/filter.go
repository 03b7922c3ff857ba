package congestion

// maxFilter finds the highest value of the last ten rounds, as long as there are values: without, it stands still.
type maxFilter struct {
	max   int64
	round uint64    // of the last value
	of    [10]int64 // the highest of each round, by its number modulo ten
}

// add takes a value of a round, which is not before the last one's.
func (f *maxFilter) add(round uint64, v int64) {
	size := uint64(len(f.of))
	if round != f.round {
		for n := min(round-f.round, size); n > 0; n-- {
			f.of[(round-n+1)%size] = 0
		}
		f.round, f.max = round, 0
		for _, v := range f.of {
			f.max = max(f.max, v)
		}
	}
	f.of[round%size] = max(f.of[round%size], v)
	f.max = max(f.max, v)
}
