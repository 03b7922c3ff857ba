package main

import (
	"io"
	"net"
	"testing"

	"github.com/antedon-net/antedon/reactor"
)

// TestListen sends a line through the proxy to a server of package net.
func TestListen(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := listen(loop, "127.0.0.1:0", "tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		defer loop.Close()
		got <- exchange(server, proxy.Addr().String())
	}()
	if err := loop.Run(); err != nil {
		t.Error(err)
	}
	if s := <-got; s != "there and back" {
		t.Errorf("got %q", s)
	}
	if err := run("127.0.0.1:0", "tcp", "", "kqueue"); err == nil {
		t.Error("no error for an unknown back end")
	}
}

// exchange sends half a sentence each way, and returns it, or an error.
func exchange(server net.Listener, proxy string) string {
	client, err := net.Dial("tcp", proxy)
	if err != nil {
		return err.Error()
	}
	defer client.Close()
	peer, err := server.Accept()
	if err != nil {
		return err.Error()
	}
	defer peer.Close()
	_, _ = client.Write([]byte("there and"))
	_ = client.(*net.TCPConn).CloseWrite()
	there, err := io.ReadAll(peer)
	if err != nil {
		return err.Error()
	}
	_, _ = peer.Write([]byte(" back"))
	_ = peer.(*net.TCPConn).CloseWrite()
	back, err := io.ReadAll(client)
	if err != nil {
		return err.Error()
	}
	return string(there) + string(back)
}
