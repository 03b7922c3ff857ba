package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/internal/meter"
)

// webget is the command of that name.
type webget struct {
	stackFlags
	follow bool
}

func newWebget() *cobra.Command {
	g := new(webget)
	cmd := &cobra.Command{
		Use:   "webget URL | webget HOST PATH",
		Short: "Get a document over HTTP and print it",
		Example: "  antedon webget --tun tun0 http://10.7.0.1/\n  antedon webget --tun tun0 10.7.0.1 /index.html\n  antedon webget --tun tun0 -L http://[fd07::1]:8080/\n" +
			"  antedon webget --over-udp :7000,192.0.2.1:7000 --addr 10.9.0.2/24 http://10.9.0.1/hello",
		Args: positional(1, 2, "URL, or HOST PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := parseTarget(args)
			if err != nil {
				return err
			}
			return g.withSession(cmd, func(ctx context.Context, s *session) error {
				return g.get(ctx, cmd.OutOrStdout(), s, u)
			})
		},
	}
	cmd.Flags().BoolVarP(&g.follow, "location", "L", false, "follow redirects")
	g.register(cmd)
	return cmd
}

// parseTarget returns what to get, given URL or HOST PATH.
func parseTarget(args []string) (*url.URL, error) {
	s := args[0]
	if len(args) == 2 {
		host := args[0]
		if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
			host = "[" + host + "]" // an IPv6 address
		}
		s = "http://" + host + "/" + strings.TrimPrefix(args[1], "/")
	} else if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, usagef("%q is no URL", args[0])
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, usagef("%s: want a URL that begins http:// or https://", u)
	case u.Host == "":
		return nil, usagef("%s: no host", u)
	}
	return u, nil
}

func (g *webget) get(ctx context.Context, out io.Writer, s *session, u *url.URL) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "antedon")
	tr := &http.Transport{DialContext: s.Dial, ForceAttemptHTTP2: true}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	if !g.follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return statusError(resp)
	}
	var bar *meter.Meter
	body := io.Reader(resp.Body)
	if f, ok := out.(*os.File); !ok || !meter.IsTerminal(f) {
		bar = meter.Start(os.Stderr, u.Host, resp.ContentLength)
		body = io.TeeReader(body, bar)
		defer bar.Stop()
	}
	if _, err := io.Copy(out, body); err != nil {
		return fmt.Errorf("%s: %w", u, withoutNet(err))
	}
	return nil
}

// withoutNet puts the errors of connections into words, which have no place for the URL otherwise.
func withoutNet(err error) error {
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return errors.New(describe(err))
	}
	return err
}

// withoutURL drops what package http says before the reason, unless that needs it.
func withoutURL(err error) error {
	u, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	if _, ok := errors.AsType[*net.OpError](u.Err); ok {
		return u.Err
	}
	return fmt.Errorf("%s: %w", u.URL, u.Err)
}

func statusError(resp *http.Response) error {
	to := resp.Header.Get("Location")
	if to == "" {
		return fmt.Errorf("%s: %s", resp.Request.URL, resp.Status)
	}
	return fmt.Errorf("%s: %s to %s, which -L would follow", resp.Request.URL, resp.Status, to)
}
