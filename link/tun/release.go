package tun

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelRelease returns the running kernel's release, such as "6.18.44-generic", or "" if it cannot be told.
func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// takesLong reports whether a kernel of that release takes TCP super-packets whose IP header cannot say how long they are: over IPv6
// since Linux 5.19, over IPv4 since 6.3. Older ones drop them without a word, so that trying does not tell.
func takesLong(release string) bool {
	major, rest, _ := strings.Cut(release, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if i := strings.IndexFunc(minor, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		minor = minor[:i]
	}
	x, err := strconv.Atoi(major)
	if err != nil {
		return false
	}
	y, err := strconv.Atoi(minor)
	return err == nil && (x > 6 || x == 6 && y >= 3)
}
