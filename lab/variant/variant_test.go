package variant

import "testing"

// TestApply: every change finds what it is to change, and no two have one name.
func TestApply(t *testing.T) {
	names := make(map[string]bool)
	broken := 0
	for _, v := range Variants {
		if err := v.Write("../..", t.TempDir()); err != nil {
			t.Error(err)
		}
		if names[v.Name] {
			t.Errorf("%s is there twice", v.Name)
		}
		names[v.Name] = true
		if v.Score() < 0 || v.Score() > All {
			t.Errorf("%s: score %d", v.Name, v.Score())
		}
		if len(v.Loses) > 0 {
			broken++
		}
	}
	if broken < 25 {
		t.Errorf("got %d broken variants, want 25 at least", broken)
	}
	if _, err := Find("none"); err == nil {
		t.Error("found what is not there")
	}
}
