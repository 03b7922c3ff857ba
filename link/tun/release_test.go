package tun

import "testing"

func TestTakesLong(t *testing.T) {
	for release, want := range map[string]bool{
		"6.3.0": true, "6.3": true, "6.18.44-fc-v669": true, "6.10-rc1": true, "7.0.1": true, "10.0.0": true,
		"6.2.16-generic": false, "5.19.0": false, "4.4.0": false, "": false, "6": false, "6.": false, "x.y": false,
	} {
		if got := takesLong(release); got != want {
			t.Errorf("takesLong(%q) = %v", release, got)
		}
	}
}
