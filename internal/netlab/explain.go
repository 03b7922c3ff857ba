package netlab

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// explain turns the refusal to make a namespace into one sentence that says what to do about it.
func explain(err error) error {
	return fmt.Errorf("cannot make a private namespace (%w): %s", err, advice(err, readSysctl))
}

// advice names what forbids namespaces, judged by the error and the sysctls that read returns ("" for none).
func advice(err error, read func(name string) string) string {
	const orRoot = ", or start this as root"
	switch {
	case read("user/max_user_namespaces") == "0":
		return "user namespaces are turned off, run \"sysctl -w user.max_user_namespaces=15000\"" + orRoot
	case read("user/max_net_namespaces") == "0":
		return "network namespaces are turned off, run \"sysctl -w user.max_net_namespaces=15000\""
	case read("kernel/unprivileged_userns_clone") == "0":
		return "user namespaces are for root only, run \"sysctl -w kernel.unprivileged_userns_clone=1\"" + orRoot
	case read("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "AppArmor restricts user namespaces, run \"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\"" + orRoot
	case errors.Is(err, unix.ENOSPC):
		return "there are too many already, raise the sysctls user.max_user_namespaces and user.max_net_namespaces"
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return "this kernel was built without them (CONFIG_USER_NS, CONFIG_NET_NS)" + orRoot
	default:
		return "most likely a container's security policy forbids it, start the container with " +
			"\"--security-opt seccomp=unconfined\" or \"--privileged\"" + orRoot
	}
}

func readSysctl(name string) string {
	b, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// firstError returns the first error that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
