package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon"
)

// httpd is the command of that name.
type httpd struct {
	stackFlags
	listen, dir string
}

func newHTTPD() *cobra.Command {
	h := new(httpd)
	cmd := &cobra.Command{
		Use:   "httpd [--listen :80] [--dir D]",
		Short: "Serve /hello and /bye, and the files of a directory, over HTTP",
		Example: "  antedon httpd --tun tun0\n  antedon httpd --tun tun0 --listen :8080 --dir .\n" +
			"  antedon httpd --over-udp :7000,any --addr 10.9.0.1/24",
		Args: positional(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			handler, err := h.handler()
			if err != nil {
				return err
			}
			return h.withSession(cmd, func(ctx context.Context, s *session) error {
				return h.serve(ctx, cmd.ErrOrStderr(), s, handler)
			})
		},
	}
	cmd.Flags().StringVar(&h.listen, "listen", ":80", "`[HOST]:PORT` to listen on")
	cmd.Flags().StringVar(&h.dir, "dir", "", "directory `D` whose files to serve")
	h.register(cmd)
	return cmd
}

// handler serves the two pages, and files from nowhere but the directory, whatever links lead out of it.
func (h *httpd) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", page("hello"))
	mux.HandleFunc("GET /bye", page("bye"))
	if h.dir != "" {
		root, err := os.OpenRoot(h.dir)
		if err != nil {
			return nil, usagef("--dir %s: %w", h.dir, errors.Unwrap(err))
		}
		mux.Handle("/", http.FileServerFS(root.FS()))
	}
	return mux, nil
}

func page(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, text+"\n")
	}
}

// serve serves until ctx is done, and then finishes what it is at.
func (h *httpd) serve(ctx context.Context, stderr io.Writer, s *session, handler http.Handler) error {
	ln, err := s.Listen(ctx, "tcp", h.address())
	if err != nil {
		return err
	}
	errorLog := log.New(io.Discard, "", 0)
	if h.verbose {
		handler, errorLog = logRequests(stderr, handler), log.New(stderr, "httpd: ", 0)
	}
	srv := &http.Server{Handler: handler, ErrorLog: errorLog, ReadHeaderTimeout: 10 * time.Second}
	tell(stderr, "httpd: listening on http://%s", strings.Join(s.hosts(ln.Addr()), " http://"))
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		limit, cancel := context.WithTimeout(context.Background(), antedon.DefaultCloseTimeout)
		defer cancel()
		_ = srv.Shutdown(limit) // closing the stack says what is left
	})
	err = srv.Serve(ln)
	if !stop() {
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// address accepts a port alone.
func (h *httpd) address() string {
	if _, _, err := net.SplitHostPort(h.listen); err != nil && !strings.Contains(h.listen, ":") {
		return ":" + h.listen
	}
	return h.listen
}

// logRequests prints a line for each request.
func logRequests(w io.Writer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		tell(w, "httpd: %s %s %q", r.RemoteAddr, r.Method, r.URL.RequestURI())
		next.ServeHTTP(rw, r)
	})
}
