package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// labDirs is how the names of directories begin in which SDKs that we start have their /tmp.
const labDirs = "antedon-lab-"

// makeDirs makes the directories for the SDKs that we start, within one that is locked as long as we live. undo removes it.
func (s *labSession) makeDirs() (undo func(), err error) {
	undo = func() {}
	if len(s.flags.sdks) == 0 {
		return undo, nil
	}
	sweepLabDirs(os.TempDir())
	temp, err := os.MkdirTemp("", labDirs)
	if err != nil {
		return undo, err
	}
	lock, err := lockDir(temp)
	undo = func() {
		os.RemoveAll(temp)
		lock.Close()
	}
	if err != nil {
		return undo, err
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return undo, err
	}
	for i := range s.flags.sdks {
		dir := filepath.Join(temp, fmt.Sprint(i+1))
		if err := os.Mkdir(dir, 0o777); err != nil {
			return undo, err
		}
		if err := os.Chmod(dir, 0o1777); err != nil { // it will be a /tmp
			return undo, err
		}
		s.cfg.Dirs = append(s.cfg.Dirs, dir)
	}
	return undo, nil
}

// sweepAfter spares directories that are just being made, and so not locked yet.
const sweepAfter = time.Minute

// sweepLabDirs removes those of our user that others of us have left behind because they were killed.
func sweepLabDirs(parent string) {
	found, _ := filepath.Glob(filepath.Join(parent, labDirs+"*"))
	for _, dir := range found {
		var st unix.Stat_t
		if unix.Lstat(dir, &st) != nil || int(st.Uid) != os.Geteuid() || time.Since(time.Unix(st.Mtim.Unix())) < sweepAfter {
			continue
		}
		if lock, err := lockDir(dir); err == nil {
			os.RemoveAll(dir)
			lock.Close()
		}
	}
}

// lockDir locks a directory, which nobody else must hold.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: dir, Err: err}
	}
	return f, nil
}
