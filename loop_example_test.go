package antedon_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/reactor"
)

// Two stacks in one loop, joined by UDP over the loopback interface: the client's bytes are sent from where they lie, and the server
// reads them where they arrived.
func ExampleNewInLoop() {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		log.Fatal(err)
	}
	server, client := stacksInLoop(loop)
	lc := antedon.ListenConfig{Stack: server}
	_, err = lc.ListenInLoop("tcp", "10.9.0.1:7000", func(reactor.Conn) reactor.Handler {
		return &reactor.Funcs{Readable: func(c reactor.Conn) {
			conn := c.(*antedon.LoopConn)
			views, err := conn.Peek(make([][]byte, 0, 4))
			if err != nil {
				loop.Close() // the end
				return
			}
			for _, v := range views {
				fmt.Printf("%s\n", v)
				_ = conn.Discard(len(v))
				break // what was shown beside it was given back
			}
		}}
	})
	if err != nil {
		log.Fatal(err)
	}
	d := antedon.Dialer{Stack: client}
	_, err = d.DialInLoop("tcp", "10.9.0.1:7000", &reactor.Funcs{Connect: func(c reactor.Conn) {
		conn := c.(*antedon.LoopConn)
		err := conn.WriteOwned([][]byte{[]byte("hello, "), []byte("server")}, func() { fmt.Println("acknowledged") })
		if err == nil {
			err = conn.CloseWrite()
		}
		if err != nil {
			log.Fatal(err)
		}
	}})
	if err != nil {
		log.Fatal(err)
	}
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Unordered output:
	// hello, server
	// acknowledged
}

func stacksInLoop(loop *reactor.Loop) (server, client *antedon.Stack) {
	a, err := udp.Open(udp.Config{Local: netip.MustParseAddrPort("127.0.0.1:0"), Learn: true})
	if err != nil {
		log.Fatal(err)
	}
	b, err := udp.Open(udp.Config{Local: netip.MustParseAddrPort("127.0.0.2:0"), Remote: a.LocalAddr()})
	if err != nil {
		log.Fatal(err)
	}
	if server, err = antedon.NewInLoop(loop, a, antedon.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}}); err != nil {
		log.Fatal(err)
	}
	if client, err = antedon.NewInLoop(loop, b, antedon.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")}}); err != nil {
		log.Fatal(err)
	}
	return server, client
}
