package load

import (
	"bufio"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/antedon-net/antedon/internal/netlab"
)

// checkAlone makes sure, before anything is sent, that the namespace is another one than ours and has no way out: nothing but a
// loopback interface and the two ends of our link. That is how it was made; this is in case somebody breaks that one day.
func checkAlone(lab *netlab.Lab) error {
	outside, err := os.Stat("/proc/self/ns/net")
	if err != nil {
		return err
	}
	return lab.Do(func() error {
		inside, err := os.Stat("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		if os.SameFile(outside, inside) {
			return notAlone("it is the one that this process is in")
		}
		links, err := net.Interfaces()
		if err != nil {
			return err
		}
		return checkLinks(links, lab.Options.Name, lab.Device().Name())
	})
}

// checkLinks looks at the interfaces of the namespace; ours may have any of the given names.
func checkLinks(links []net.Interface, ours ...string) error {
	for _, l := range links {
		known := l.Flags&net.FlagLoopback != 0
		for _, name := range ours {
			known = known || l.Name == name
		}
		if !known && l.Flags&net.FlagUp != 0 { // some kernels put fallback tunnels, all down, into each namespace
			return notAlone("it has an interface %s", l.Name)
		}
	}
	return nil
}

// What the kernel counts about listening and SYN cookies, by its own names.
var countersOfInterest = []string{
	"ListenOverflows", "ListenDrops", "SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "TCPReqQFullDoCookies",
	"TCPReqQFullDrop", "TCPTimeWaitOverflow", "TCPAbortOnMemory",
}

// listenCounters reads them in the namespace.
func listenCounters(lab *netlab.Lab) (map[string]uint64, error) {
	var counters map[string]uint64
	err := lab.Do(func() error {
		b, err := os.ReadFile("/proc/thread-self/net/netstat")
		counters = parseNetstat(string(b))
		return err
	})
	return counters, err
}

// parseNetstat reads the counters of interest from a file with a line of names before each line of values.
func parseNetstat(text string) map[string]uint64 {
	counters := make(map[string]uint64)
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		names := strings.Fields(s.Text())
		if !s.Scan() {
			break
		}
		values := strings.Fields(s.Text())
		for i, name := range names {
			if i >= len(values) {
				break
			}
			for _, want := range countersOfInterest {
				if n, err := strconv.ParseUint(values[i], 10, 64); name == want && err == nil {
					counters[name] = n
				}
			}
		}
	}
	return counters
}

// grown returns by how much counters have grown, without those that have not.
func grown(before, after map[string]uint64) map[string]uint64 {
	diff := make(map[string]uint64)
	for name, n := range after {
		if n > before[name] {
			diff[name] = n - before[name]
		}
	}
	return diff
}
