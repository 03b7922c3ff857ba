package sdktest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/sdk"
)

// TestKits: in a directory that antedon lab new has made, the commands that it names build a program and run it, and the program
// says hello to a driver. Only Maven and npm may ask the network.
func TestKits(t *testing.T) {
	for _, lang := range sdk.Langs() {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			kit, err := sdk.Find(lang)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "mytcp")
			if err := kit.Write(dir); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(kit.Next[0], "mvn ") {
				maven.Lock()
				defer maven.Unlock()
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			build, run := kit.Next[:len(kit.Next)-1], kit.Next[len(kit.Next)-1]
			for _, command := range build {
				if out, err := inShell(ctx, dir, command).CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", command, err, out)
				}
			}
			checkHello(t, inShell(ctx, dir, run))
		})
	}
}

// inShell returns a command that a student types.
func inShell(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local", "PYTHONDONTWRITEBYTECODE=1")
	cmd.WaitDelay = time.Second
	return cmd
}

// checkHello runs a program until it has said hello.
func checkHello(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	dir := t.TempDir()
	driver, err := exp4.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(cmd.Env, "ANTEDON_LAB_DIR="+dir), &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	driver.SetReadDeadline(time.Now().Add(limit))
	m, err := driver.Receive()
	if err != nil || !m.IsHello() {
		t.Errorf("got %v, %v, want a hello", m, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if stderr.Len() > 0 {
		t.Errorf("it says %q", stderr.String())
	}
}
