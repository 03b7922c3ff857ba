package load

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
)

// listen serves on loopback and returns where, and the addresses that clients had.
func listen(t *testing.T) (Target, func() map[netip.Addr]bool) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := make(map[netip.Addr]bool)
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, answerLen)) }),
		ConnState: func(c net.Conn, s http.ConnState) {
			if s == http.StateNew {
				mu.Lock()
				defer mu.Unlock()
				seen[netip.MustParseAddrPort(c.RemoteAddr().String()).Addr()] = true
			}
		},
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return target(t, ln.Addr().String()), func() map[netip.Addr]bool {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

// TestPlain loads a server on loopback in every mode that is for it.
func TestPlain(t *testing.T) {
	const conns = 300
	for _, tt := range []struct {
		name  string
		plan  Plan
		until func(*Report) bool
		check func(*Report) bool
	}{
		{"connect", Plan{Mode: Connect, Conns: conns}, nil, func(r *Report) bool { return r.Opened == conns && r.Open == 0 }},
		{"connect and FIN", Plan{Mode: Connect, Conns: conns, FIN: true}, nil, func(r *Report) bool { return r.Closed == conns }},
		{"request", Plan{Mode: Request, Conns: conns, Request: get("/")}, nil,
			func(r *Report) bool {
				return r.Answered == conns && r.Bytes > conns*answerLen && r.Answer.Count == conns
			}},
		{"hold", Plan{Mode: Hold, Conns: conns}, func(r *Report) bool { return r.Open == conns },
			func(r *Report) bool { return r.Open == conns && r.Opened == conns }},
		{"churn", Plan{Mode: Churn}, func(r *Report) bool { return r.Opened > conns }, func(r *Report) bool { return r.Opened > conns }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to, seen := listen(t)
			ctx, cancel := bounded(t)
			p := tt.plan
			p.Rate, p.Time, p.From = 5000, limit, netip.MustParsePrefix("127.20.30.0/28")
			r, err := Plain(ctx, p, to, func(r *Report) {
				if tt.until != nil && tt.until(r) {
					cancel()
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(r) || r.Interrupted != (tt.until != nil) || r.Refused+r.Unanswered+r.Files > 0 || r.Private {
				t.Errorf("got %+v", *r)
			}
			if tt.plan.Mode == Request && len(seen()) != 16 {
				t.Errorf("connections came from %v, want 16 addresses", seen())
			}
		})
	}
}

// TestPlainRefused: who does not listen is told apart.
func TestPlainRefused(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := target(t, ln.Addr().String())
	ln.Close()
	r, err := Plain(t.Context(), Plan{Mode: Connect, Conns: 5, Rate: 1000, Time: limit}, to, nil)
	if err != nil || r.Refused != 5 || r.Opened != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}
