package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A load is processes that use all of a CPU each. They end with this one, however it ends.
type load struct {
	busy []*exec.Cmd
	life []io.Closer
}

// startLoad starts n of them.
func startLoad(n int) (*load, error) {
	l := &load{}
	self, err := os.Executable()
	for range n {
		if err != nil {
			break
		}
		cmd := exec.Command(self, "--spin")
		var life io.Closer
		if life, err = cmd.StdinPipe(); err == nil {
			err = cmd.Start()
		}
		if err == nil {
			l.busy, l.life = append(l.busy, cmd), append(l.life, life)
		}
	}
	if err != nil {
		l.stop()
		return nil, fmt.Errorf("load the machine: %w", err)
	}
	return l, nil
}

// stop ends them.
func (l *load) stop() {
	for i, cmd := range l.busy {
		l.life[i].Close()
		_ = cmd.Wait()
	}
}

// spin is the whole life of one: it is busy until nobody holds the other end of its input any more.
func spin() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for n := uint64(1); n != 0; { // an odd number remains odd
		n *= 6364136223846793005
	}
}
