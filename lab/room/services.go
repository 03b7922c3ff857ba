package room

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// services are what the remote host serves; a nil handle is HTTP.
var services = []struct {
	address string
	handle  func(net.Conn)
}{
	{":7", func(c net.Conn) { _, _ = io.Copy(c, c) }},
	{":9", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
	{":19", chargen},
	{":80", nil},
}

func serve(ln net.Listener, handle func(net.Conn)) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			handle(c)
		}()
	}
}

// chargen sends lines until nobody wants any more.
func chargen(c net.Conn) {
	line := make([]byte, 0, 74)
	for first := 0; ; first++ {
		line = line[:0]
		for i := range 72 {
			line = append(line, byte(' '+(first+i)%95))
		}
		if _, err := c.Write(append(line, "\r\n"...)); err != nil {
			return
		}
	}
}

func newHTTP() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html>\n<title>Hello</title>\n<p>Hello from the kernel of the remote host. <a href=/bytes/1000000>A million bytes</a>.\n")
	})
	mux.HandleFunc("GET /bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "want /bytes/N", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		_, _ = io.CopyN(w, pattern{}, n)
	})
	return &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
}

// pattern is an endless text.
type pattern struct{}

func (pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte('a' + i%26)
	}
	return len(b), nil
}
