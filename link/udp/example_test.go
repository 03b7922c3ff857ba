package udp_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link/udp"
)

// Two stacks in one process; in two processes, or on two machines, it is the same: no privilege, no TUN device. Whoever cannot
// know the other end's port beforehand, as here, takes it from the first packet.
func Example() {
	ctx := context.Background()
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})

	here, err := udp.Open(udp.Config{Local: netip.AddrPortFrom(loopback, 0), Learn: true})
	if err != nil {
		log.Fatal(err)
	}
	server, err := antedon.New(here, antedon.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close(ctx)
	ln, err := server.Listen(ctx, "tcp", "10.9.0.1:80")
	if err != nil {
		log.Fatal(err)
	}
	go greet(ln)

	there, err := udp.Open(udp.Config{Remote: here.LocalAddr()})
	if err != nil {
		log.Fatal(err)
	}
	client, err := antedon.New(there, antedon.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close(ctx)
	c, err := client.Dial(ctx, "tcp", "10.9.0.1:80")
	if err != nil {
		log.Fatal(err)
	}
	text, err := io.ReadAll(c)
	fmt.Printf("%s, %v\n", text, err)
	// Output: hello 10.9.0.2, <nil>
}

func greet(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		fmt.Fprintf(c, "hello %s", host)
		c.Close()
	}
}
