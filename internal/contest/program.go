package contest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ChildCommand are the words before the role on the command line of a process that is to call Child.
var ChildCommand = []string{"bench", "child"}

// gvisorProgram is the contestant of the module bench/.
const gvisorProgram = "antedon-bench-gvisor"

// errUnavailable is why a contestant does not take part.
type errUnavailable struct{ error }

// self returns the command line of this program in a role.
func self(role Stack) ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return append(append([]string{exe}, ChildCommand...), string(role)), nil
}

// program returns the command line of a contestant. Whether it can take part is found out before anything is measured.
func program(s Stack) ([]string, error) {
	if s == Antedon || s == Kernel {
		return self(s)
	}
	path, err := GVisorProgram()
	if err != nil {
		return nil, err
	}
	if err := unix.Access("/dev/net/tun", unix.R_OK|unix.W_OK); err != nil {
		return nil, errUnavailable{fmt.Errorf("it takes a TUN device: /dev/net/tun: %w", err)}
	}
	return []string{path, string(s)}, nil
}

// GVisorProgram returns the path of the program that takes part as GVisor and GVisorDefault.
func GVisorProgram() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	path, err := find(gvisorProgram, filepath.Dir(exe), "bin")
	if err != nil {
		return "", errUnavailable{fmt.Errorf("not built: run \"make bench-peers\" (%w)", err)}
	}
	return path, nil
}

// find returns the path of a program in the first directory that has it.
func find(name string, dirs ...string) (string, error) {
	for _, dir := range dirs {
		path, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		switch info, err := os.Stat(path); {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	return "", fmt.Errorf("no %s beside the program or in bin", name)
}
