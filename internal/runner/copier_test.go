package runner

import (
	"testing"
	"time"
)

// TestCopier has either way be the faster one, and then the other.
func TestCopier(t *testing.T) {
	var k copier
	for _, c := range []struct {
		ordinary, aside time.Duration
		want            bool
	}{
		{3500, 2 * time.Microsecond, false}, // not by enough
		{9 * time.Microsecond, 2 * time.Microsecond, true},
		{2 * time.Microsecond, 3 * time.Microsecond, false},
		{6 * time.Microsecond, 2 * time.Microsecond, true},
	} {
		rarely := 0
		for i := range 20_000 {
			aside := k.isAside()
			d := c.ordinary
			if aside {
				d = c.aside
			}
			if i%50 == 7 {
				d = time.Millisecond // interrupted
			}
			if k.took(aside, 2*costUnit, 2*d); i >= 18_000 && aside != c.want {
				rarely++
			}
		}
		if most := 2000 / tryOther; rarely == 0 || rarely > 2*most {
			t.Errorf("%v, or %v past the caches: the slower one %d times in 2000", c.ordinary, c.aside, rarely)
		}
	}
}
