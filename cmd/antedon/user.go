package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// userName names who runs this, in advice.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

// caller is the user who runs this, or who has become root for it with sudo.
func caller() int {
	if uid, err := strconv.Atoi(os.Getenv("SUDO_UID")); err == nil && os.Geteuid() == 0 {
		return uid
	}
	return os.Getuid()
}

// parseUser understands a name and a number.
func parseUser(s string) (int, error) {
	if uid, err := strconv.ParseUint(s, 10, 31); err == nil {
		return int(uid), nil
	}
	u, err := user.Lookup(s)
	if err != nil {
		return 0, fmt.Errorf("there is no user %q", s)
	}
	return strconv.Atoi(u.Uid)
}
