package tundev

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// Record says what Up did.
type Record struct {
	Plan
	Index     int           `json:"index"`     // of the interface
	Namespace uint64        `json:"namespace"` // inode of the network namespace
	Undo      []netlab.Undo `json:"undo"`      // in the order in which things were done
}

// DefaultDir is where a Book lies unless it says otherwise.
const DefaultDir = "/run/antedon"

// maxRecord bounds the size of a record, in bytes.
const maxRecord = 1 << 20

// Book keeps records of devices.
type Book struct {
	Dir string // DefaultDir if empty
}

// List returns the records of the devices in this network namespace.
func (b Book) List() ([]*Record, error) {
	s, err := b.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.all()
}

// shelf is the part of an open Book that belongs to one network namespace. It is locked.
type shelf struct {
	dir       string
	namespace uint64
	lock      *os.File
}

// open opens and locks the Book, and makes it if that is wanted.
func (b Book) open(create bool) (*shelf, error) {
	dir := b.Dir
	if dir == "" {
		dir = DefaultDir
	}
	namespace, initial, err := currentNamespace()
	if err != nil {
		return nil, err
	}
	s := &shelf{dir: dir, namespace: namespace}
	if !initial {
		s.dir = filepath.Join(dir, "net-"+strconv.FormatUint(namespace, 10))
	}
	for {
		if create {
			if err := os.MkdirAll(s.dir, 0o700); err != nil {
				return nil, err
			}
		}
		if s.lock, err = os.Open(s.dir); err != nil {
			return nil, err
		}
		if err := unix.Flock(int(s.lock.Fd()), unix.LOCK_EX); err != nil {
			s.lock.Close()
			return nil, fmt.Errorf("lock %s: %w", s.dir, err)
		}
		if s.isThere() {
			break
		}
		s.lock.Close() // it was removed while we waited
	}
	for _, d := range []string{dir, s.dir} {
		if err := checkOwned(d, fs.ModeDir); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// isThere reports whether the locked directory is still the one that the path leads to.
func (s *shelf) isThere() bool {
	locked, err := s.lock.Stat()
	named, err2 := os.Stat(s.dir)
	return err == nil && err2 == nil && os.SameFile(locked, named)
}

// close gives back the lock. A namespace's directory goes with its last record.
func (s *shelf) close() {
	if strings.HasPrefix(filepath.Base(s.dir), "net-") {
		_ = os.Remove(s.dir) // fails unless it is empty
	}
	s.lock.Close()
}

// currentNamespace returns the inode of the calling thread's network namespace, and whether process 1 is in it too.
func currentNamespace() (inode uint64, initial bool, err error) {
	var ours, first unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &ours); err != nil {
		return 0, false, &fs.PathError{Op: "stat", Path: "/proc/thread-self/ns/net", Err: err}
	}
	if err := unix.Stat("/proc/1/ns/net", &first); err != nil {
		return ours.Ino, false, nil
	}
	return ours.Ino, ours.Ino == first.Ino && ours.Dev == first.Dev, nil
}

// checkOwned reports that somebody else could have written the file.
func checkOwned(path string, typ fs.FileMode) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	st := fi.Sys().(*syscall.Stat_t)
	if fi.Mode().Type() != typ || int(st.Uid) != os.Geteuid() || fi.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s could have been written by others and is not believed: remove it", path)
	}
	return nil
}

func (s *shelf) path(name string) string { return filepath.Join(s.dir, name+".json") }

// all returns all records.
func (s *shelf) all() ([]*Record, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var list []*Record
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		r, err := s.read(name)
		if err != nil {
			return nil, err
		}
		if r != nil {
			list = append(list, r)
		}
	}
	return list, nil
}

// read returns the record of a device, or nil if there is none. What it returns is safe to undo.
func (s *shelf) read(name string) (*Record, error) {
	if strings.ContainsRune(name, '/') {
		return nil, fmt.Errorf("%q cannot be the name of an interface", name)
	}
	path := s.path(name)
	if err := checkOwned(path, 0); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0) // in a directory that nobody else writes to
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return nil, err
	}
	r, err := parseRecord(b, name, s.namespace)
	if err != nil {
		return nil, fmt.Errorf("%s is not believed, remove it and undo by hand: %w", path, err)
	}
	return r, nil
}

// parseRecord reads the record of the named device and checks that Up could have written it.
func parseRecord(b []byte, name string, namespace uint64) (*Record, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	r := new(Record)
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	switch {
	case d.More():
		return nil, errors.New("something follows the record")
	case r.Name != name || r.Namespace != namespace || r.Index <= 0:
		return nil, errors.New("it is that of another device")
	}
	for _, u := range r.Undo {
		if !r.mayUndo(u) {
			return nil, fmt.Errorf("a step that was never taken: %v", u)
		}
	}
	return r, nil
}

// mayUndo reports whether u undoes something that Up does for this device.
func (r *Record) mayUndo(u netlab.Undo) bool {
	switch u {
	case netlab.DeleteLink(r.Name, r.Index), netlab.DeleteTable(unix.NFPROTO_INET, tableName(r.Name)):
		return true
	}
	return isForwarding(u) && (u.Value == "0" || u.Value == "1")
}

// write replaces a record, all at once.
func (s *shelf) write(r *Record) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".new-*") // for its owner only
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(r.Name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func (s *shelf) remove(name string) error { return os.Remove(s.path(name)) }
