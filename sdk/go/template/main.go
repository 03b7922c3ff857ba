// Command template is a TCP of your own: fill in outgoing.go. Start the driver first, then this.
package main

import "github.com/antedon-net/antedon/sdk/go/api"

func main() {
	api.Main(func(driver api.Driver) api.Outgoing { return NewOutgoing(driver) })
}
