package antedon_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// body is a megabyte that looks the same in every run.
func body() []byte {
	b := make([]byte, 1<<20)
	mathrand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// certificate returns a self-signed certificate for the server's address.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "antedon test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{right4.Addr().AsSlice()}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestHTTP runs package net/http on the stack unchanged: plain, and over TLS 1.3 with HTTP/2.
func TestHTTP(t *testing.T) {
	client, server := pipes(t, allOffload)
	want := body()
	cert, pool := certificate(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(got, want) {
			http.Error(w, "the upload is not what was sent", http.StatusBadRequest)
			return
		}
		w.Write(want)
	})
	for _, c := range []struct {
		name, scheme, proto string
	}{
		{"HTTP/1.1", "http", "HTTP/1.1"},
		{"HTTP/2 over TLS", "https", "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln, err := server.Listen(context.Background(), "tcp", "10.0.0.2:0")
			if err != nil {
				t.Fatal(err)
			}
			srv := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}}
			defer srv.Close()
			if c.scheme == "https" {
				go srv.ServeTLS(ln, "", "")
			} else {
				go srv.Serve(ln)
			}
			tr := &http.Transport{DialContext: client.Dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool}}
			defer tr.CloseIdleConnections()
			for range 3 {
				resp, err := (&http.Client{Transport: tr}).Post(c.scheme+"://"+ln.Addr().String()+"/", "application/octet-stream", bytes.NewReader(want))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				if resp.Proto != c.proto || resp.StatusCode != 200 || !bytes.Equal(got, want) {
					t.Errorf("%s %s with %d bytes, want %s 200 OK with the same %d", resp.Proto, resp.Status, len(got), c.proto, len(want))
				}
				if resp.TLS != nil && resp.TLS.Version != tls.VersionTLS13 {
					t.Errorf("TLS version %#x, want 1.3", resp.TLS.Version)
				}
			}
		})
	}
}

// TestSSH runs golang.org/x/crypto/ssh on the stack unchanged.
func TestSSH(t *testing.T) {
	client, server := pipes(t, allOffload)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := server.Listen(context.Background(), "tcp", "10.0.0.2:22")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() { served <- serveSSH(ln, signer) }()

	conn, err := client.Dial(context.Background(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	sc, chans, reqs, err := ssh.NewClientConn(conn, "server", &ssh.ClientConfig{
		User: "test", HostKeyCallback: ssh.FixedHostKey(signer.PublicKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	cl := ssh.NewClient(sc, chans, reqs)
	session, err := cl.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	want := body()
	session.Stdin = bytes.NewReader(want)
	got, err := session.Output("sha256sum")
	if sum := sha256.Sum256(want); err != nil || !bytes.Equal(got, sum[:]) {
		t.Errorf("the server summed up %x, %v; want %x", got, err, sum)
	}
	cl.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// serveSSH serves one connection with one session: it answers with the hash of its input.
func serveSSH(ln net.Listener, signer ssh.Signer) error {
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	cfg := &ssh.ServerConfig{NoClientAuth: true}
	cfg.AddHostKey(signer)
	_, chans, reqs, err := ssh.NewServerConn(conn, cfg)
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(reqs)
	for nc := range chans {
		ch, reqs, err := nc.Accept()
		if err != nil {
			return err
		}
		go func() {
			for r := range reqs {
				r.Reply(r.Type == "exec", nil)
			}
		}()
		h := sha256.New()
		if _, err := io.Copy(h, ch); err != nil {
			return err
		}
		ch.Write(h.Sum(nil))
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		ch.Close()
	}
	return nil
}
