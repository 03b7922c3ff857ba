package netlab

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

func TestSnapshotProcesses(t *testing.T) {
	before := snapshot(t, nil)
	if again := snapshot(t, nil); again != before {
		t.Errorf("two snapshots in a row differ:\n%s", Diff(before, again))
	}
	cmd := exec.Command("sh", "-c", "sleep 1000 & echo $!; wait")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var grandchild int
	if _, err := fmt.Fscan(stdout, &grandchild); err != nil {
		t.Fatal(err)
	}
	sleep := openProcess(t, fmt.Sprint(grandchild))
	diff := Diff(before, snapshot(t, nil))
	for _, pid := range []int{cmd.Process.Pid, grandchild} {
		if !strings.Contains(diff, fmt.Sprintf("+ process %d ", pid)) {
			t.Errorf("no process %d in:\n%s", pid, diff)
		}
	}
	kill, err := KillProcess(grandchild)
	if err != nil {
		t.Fatal(err)
	}
	if err := kill.run(); err != nil {
		t.Fatal(err)
	}
	waitEnd(t, sleep)
	cmd.Wait()
	if after := snapshot(t, nil); after != before {
		t.Errorf("not as before:\n%s", Diff(before, after))
	}
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"gone", "a\nb\n", "a\n", "- b\n"},
		{"new", "a\n", "a\nb\n", "+ b\n"},
		{"once more", "a\n", "a\na\n", "+ a\n"},
		{"changed", "a 1\nb\n", "a 2\nb\n", "- a 1\n+ a 2\n"},
	} {
		if got := Diff(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
