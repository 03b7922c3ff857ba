package main

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestTransfer(t *testing.T) {
	for _, tt := range []struct {
		bytes int64
		loss  float64
	}{{0, 0}, {1, 0}, {blockLen, 0.5}, {5_000_000, 0}, {5_000_000, 0.01}, {150_000, 0.2}} {
		r, err := transfer(tt.bytes, tt.loss, time.Minute)
		if err != nil {
			t.Errorf("%d bytes, loss %v: %v", tt.bytes, tt.loss, err)
			continue
		}
		if want := int((tt.bytes + blockLen - 1) / blockLen); r.blocks != want {
			t.Errorf("%d bytes, loss %v: %d blocks, want %d", tt.bytes, tt.loss, r.blocks, want)
		}
		if tt.loss > 0 && tt.bytes > 100_000 && r.resent == 0 {
			t.Errorf("%d bytes, loss %v: nothing was sent again", tt.bytes, tt.loss)
		}
	}
}

// TestLimit: what cannot be done in time is said.
func TestLimit(t *testing.T) {
	if r, err := transfer(1_000_000, 1, 50*time.Millisecond); err == nil {
		t.Errorf("everything was lost, and yet: %+v", r)
	}
}

// TestLength: the transport is as short as is said of it.
func TestLength(t *testing.T) {
	b, err := os.ReadFile("end.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b, []byte("\n")); n >= 200 {
		t.Errorf("end.go has %d lines, want less than 200", n)
	}
}
