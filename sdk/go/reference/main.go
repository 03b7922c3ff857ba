package main

import "github.com/antedon-net/antedon/sdk/go/api"

func main() {
	api.Main(func(driver api.Driver) api.Outgoing { return newOutgoing(driver, new(wallClock)) })
}
