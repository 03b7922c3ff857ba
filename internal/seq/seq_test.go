package seq

import "testing"

// RFC 9293, Section 3.4: "all arithmetic dealing with sequence numbers must be performed modulo 2^32".
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Number
		less bool
		diff int // a-b
	}{
		{"equal", 5, 5, false, 0},
		{"next", 5, 6, true, -1},
		{"previous", 6, 5, false, 1},
		{"across zero", 1<<32 - 1, 0, true, -1},
		{"far across zero", 1<<32 - 1000, 1000, true, -2000},
		{"back across zero", 1000, 1<<32 - 1000, false, 2000},
		{"almost half the circle ahead", 0, 1<<31 - 1, true, -(1<<31 - 1)},
		{"more than half ahead is behind", 0, 1<<31 + 1, false, 1<<31 - 1},
	} {
		if got := c.a.Less(c.b); got != c.less {
			t.Errorf("%s: %d.Less(%d) = %v", c.name, c.a, c.b, got)
		}
		if got := c.a.LessEq(c.b); got != (c.less || c.a == c.b) {
			t.Errorf("%s: %d.LessEq(%d) = %v", c.name, c.a, c.b, got)
		}
		if got := c.a.Sub(c.b); got != c.diff {
			t.Errorf("%s: %d.Sub(%d) = %d, want %d", c.name, c.a, c.b, got, c.diff)
		}
		if got := c.b.Add(c.diff); got != c.a {
			t.Errorf("%s: %d.Add(%d) = %d, want %d", c.name, c.b, c.diff, got, c.a)
		}
		later, earlier := c.a, c.b
		if c.less {
			later, earlier = c.b, c.a
		}
		if Max(c.a, c.b) != later || Min(c.a, c.b) != earlier {
			t.Errorf("%s: Max %d, Min %d", c.name, Max(c.a, c.b), Min(c.a, c.b))
		}
	}
}

func TestInWindow(t *testing.T) {
	for _, c := range []struct {
		name  string
		a     Number
		first Number
		size  int
		want  bool
	}{
		{"first", 10, 10, 5, true},
		{"last", 14, 10, 5, true},
		{"behind", 15, 10, 5, false},
		{"before", 9, 10, 5, false},
		{"empty", 10, 10, 0, false},
		{"across zero", 3, 1<<32 - 2, 6, true},
		{"behind, across zero", 4, 1<<32 - 2, 6, false},
		{"largest", 1<<30 - 1, 0, 1 << 30, true},
	} {
		if got := c.a.InWindow(c.first, c.size); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
