package mono

import (
	"testing"
	"time"
)

func TestAdd(t *testing.T) {
	for _, c := range []struct {
		name string
		t    Time
		d    time.Duration
		want Time
	}{
		{"forward", 5, 7, 12},
		{"back", 12, -7, 5},
		{"nothing", 12, 0, 12},
		{"saturates", Never - 5, 7, Never},
		{"up to the end", Never - 5, 5, Never},
		{"from the end", Never, time.Hour, Never},
		{"back from the end", Never, -1, Never - 1},
	} {
		if got := c.t.Add(c.d); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for _, c := range []struct {
		t    Time
		want uint32
	}{
		{0, 0},
		{999_999, 0},
		{1_000_000, 1},
		{Time(50 * 24 * time.Hour), 25_032_704}, // 2^32 ms are less than 50 days
	} {
		if got := c.t.Milliseconds(); got != c.want {
			t.Errorf("%d ns: got %d ms, want %d", c.t, got, c.want)
		}
	}
}

func TestOrder(t *testing.T) {
	if Earliest(3, Never) != 3 || Earliest(Never, 3) != 3 || Earliest(4, 3) != 3 {
		t.Error("Earliest does not return the earlier")
	}
	if got := Time(10).Sub(4); got != 6 {
		t.Errorf("10-4 is %d", got)
	}
}
