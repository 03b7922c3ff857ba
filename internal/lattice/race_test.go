package lattice

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// raceExit is the exit code of a program in which the race detector has found a race.
const raceExit = 66

// TestRaceDetector proves that a run that claims to detect races does. The Makefile sets ANTEDON_RACE in such runs; the
// test then starts itself once more, to commit a data race and be caught. In other runs the same race must pass unseen.
func TestRaceDetector(t *testing.T) {
	if os.Getenv("ANTEDON_COMMIT_RACE") != "" {
		commitRace()
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestRaceDetector$")
	cmd.Env = append(os.Environ(), "ANTEDON_COMMIT_RACE=1", "GORACE=exitcode=66 halt_on_error=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	caught := errors.As(err, &exit) && exit.ExitCode() == raceExit
	if err != nil && !caught {
		t.Fatalf("%v\n%s", err, out)
	}
	if claimed := os.Getenv("ANTEDON_RACE") != ""; claimed && !caught {
		t.Error("ANTEDON_RACE is set, but a data race went undetected: the tests were built without -race")
	}
}

// commitRace writes to a variable from two goroutines at once.
func commitRace() {
	x, done := 0, make(chan bool)
	go func() { x++; done <- true }()
	x++
	<-done
	_ = x
}
