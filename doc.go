// Package antedon is a TCP/IP stack in user space: give it a device that carries IP packets, and dial and listen on it
// with the types of package net.
//
// Start with New and a device from link/tun (a TUN interface), link/pipe (memory, no privilege needed) or any other
// implementation of link.Device:
//
//	dev, err := tun.Open(tun.Config{Name: "tun0"})
//	…
//	stack, err := antedon.New(dev, antedon.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.7.0.2/24")}})
//	…
//	client := http.Client{Transport: &http.Transport{DialContext: stack.Dial}}
//
// Errors are those of package net: every failed call returns a *net.OpError, and errors.Is finds net.ErrClosed,
// os.ErrDeadlineExceeded, syscall.ECONNREFUSED and so on in it; the end of a stream is io.EOF itself.
//
// Concurrency: a Stack and everything made from it may be used by many goroutines at once.
//
// Conformance: see docs/conformance.md, which is generated from the requirements of the RFCs.
//
// Limitations: one device and one queue of it; no forwarding of packets between devices; host names are resolved only if
// Config.Resolver says how.
package antedon
