// Command proxy passes TCP or unix connections on, in one goroutine for all of them.
//
//	go run ./examples/proxy --listen 127.0.0.1:7001 --to 127.0.0.1:7000
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

func main() {
	address := flag.String("listen", "127.0.0.1:7001", "TCP address to listen on")
	network := flag.String("network", "tcp", "network to connect to: tcp, tcp4, tcp6 or unix")
	to := flag.String("to", "127.0.0.1:7000", "address to connect to")
	backend := flag.String("backend", "epoll", "epoll, poll or select")
	flag.Parse()
	if err := run(*address, *network, *to, *backend); err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

// run passes connections on until a signal comes.
func run(address, network, to, backend string) error {
	b, err := reactor.ParseBackend(backend)
	if err != nil {
		return err
	}
	loop, err := reactor.New(reactor.Config{Backend: b})
	if err != nil {
		return err
	}
	defer loop.Close()
	listener, err := listen(loop, address, network, to)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	if _, err := loop.OnSignal(func(os.Signal) { loop.Close() }, os.Interrupt, syscall.SIGTERM); err != nil {
		return err
	}
	return loop.Run()
}

// listen joins every connection to address with one of its own to the other side.
func listen(loop *reactor.Loop, address, network, to string) (*reactor.Listener, error) {
	dial := reactor.DialConfig{Timeout: 10 * time.Second}
	return loop.Listen("tcp", address, func(in reactor.Conn) reactor.Handler {
		out, err := dial.Dial(loop, network, to, nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, "proxy:", err)
			return nil // aborts in
		}
		return reactor.Join(in, out, func(err error) {
			if err != nil {
				fmt.Fprintln(os.Stderr, "proxy:", err)
			}
		})
	})
}
