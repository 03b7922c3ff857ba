// Command antedon is a TCP/IP stack in user space, as a program: a demonstration that needs no root, the usual network
// tools over the stack, and the devices they run on.
//
//	antedon demo
//	sudo antedon tun up tun0 --user $USER
//	antedon httpd --tun tun0 --listen :80
//	curl http://10.7.0.2/hello
//
// A subcommand stands in a file of its own and holds flags and printing; the work is done in the packages it imports. It
// exits 0 on success, 1 with one line on standard error if it failed, and 2 if it was used wrongly.
//
// Concurrency: the first SIGINT, SIGTERM or SIGHUP ends a command in order, which delivers what was sent and takes 5 s at
// most; a second one ends it at once.
//
// Limitations: Linux only.
package main

import (
	"os"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/sandbox"
)

func main() {
	sandbox.Init()
	netlab.Init()
	os.Exit(run(os.Args[1:]))
}
