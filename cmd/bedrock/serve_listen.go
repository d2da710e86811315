package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// listenFlags are those of a command that serves with somebody's credentials:
// serve and proxy.
type listenFlags struct {
	addr, tokenFile                  string
	allowHosts                       listFlag
	readTimeout, writeTimeout, drain time.Duration
	maxStreams                       int
	token, at                        string // what check found
	logPrompts                       bool
}

const (
	tokenVariable  = "BEDROCK_SERVE_TOKEN"
	idleConnection = 2 * time.Minute // between two requests on a connection
	maxHeader      = 64 << 10        // bytes of a request's headers
	headerTime     = 10 * time.Second
)

func (l *listenFlags) register(fs *flag.FlagSet, addr string) {
	fs.Lookup("v").Usage = "show the calls as they happen on stderr"
	fs.StringVar(&l.addr, "addr", addr, "`HOST:PORT` to listen on; port 0 takes a free one; beyond this machine a token is required")
	fs.StringVar(&l.tokenFile, "token-file", "", "`file` with the token that clients must send as Authorization: Bearer; else "+tokenVariable)
	fs.Func("allow-host", "also answer requests for this `name`, as a reverse proxy sends it in Host; may be repeated", func(s string) error {
		if hostname(s) == "" || strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-._:[]") != "" {
			return errors.New("want one name or address, such as bedrock.example.com")
		}
		return l.allowHosts.Set(s)
	})
	l.readTimeout, l.writeTimeout, l.drain, l.maxStreams = 30*time.Second, time.Minute, 30*time.Second, 2048
	positive(fs, &l.readTimeout, "read-timeout", "longest `wait` for a request's body, 30s unless given; for its headers at most 10s")
	positive(fs, &l.writeTimeout, "write-timeout", "longest `wait` for a client that takes nothing of its answer, 1m unless given")
	positive(fs, &l.drain, "drain", "longest `wait` for answers under way after SIGTERM or SIGINT, 30s unless given")
	fs.Func("max-streams", "at most `N` calls to models at once, 2048 unless given; more are refused with 503", wholeNumber(&l.maxStreams, 1))
}

// positive is a flag for a wait that must end.
func positive(fs *flag.FlagSet, p *time.Duration, name, usage string) {
	fs.Func(name, usage, func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return fmt.Errorf("want a duration above zero with its unit, such as 300ms, 30s or 10m")
		}
		*p = d
		return nil
	})
}

// check refuses what cannot be listened on, and what must not be without a
// token: a port that others can reach. It comes before anything else.
func (l *listenFlags) check(ctx context.Context, e env) error {
	var err error
	if l.token, err = l.readToken(e); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(l.addr)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		return usagef("--addr %q: want HOST:PORT, such as 127.0.0.1:8000", l.addr)
	}
	ips := []netip.Addr{netip.IPv6Unspecified()}
	if host != "" {
		if ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
			return usagef("--addr %q: %w", l.addr, err)
		}
	}
	for _, ip := range ips {
		if !ip.Unmap().IsLoopback() && l.token == "" {
			return usagef("--addr %q can be reached from other machines, and would call Bedrock for whoever asks: set %s or --token-file, or listen on 127.0.0.1", l.addr, tokenVariable)
		}
	}
	if host != "" { // the very address that was looked at, IPv4 before IPv6
		i := max(0, slices.IndexFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().Is4() }))
		host = ips[i].Unmap().String()
	}
	l.at = net.JoinHostPort(host, port)
	return nil
}

// readToken finds the service's token; it is never named on the command line,
// where others could read it.
func (l *listenFlags) readToken(e env) (string, error) {
	token, where := e.getenv(tokenVariable), tokenVariable
	if l.tokenFile != "" {
		data, err := readFile(l.tokenFile)
		if err != nil {
			return "", usagef("--token-file: %w", err)
		}
		token, where = string(data), "--token-file"
	}
	if token == "" && l.tokenFile == "" {
		return "", nil
	}
	token = strings.TrimSpace(token)
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r == ' ' || r > unicode.MaxASCII || unicode.IsControl(r) }) {
		return "", usagef("%s: want one word of ASCII letters, digits and signs", where)
	}
	return token, nil
}

// serve answers requests on the checked address until ctx ends, then lets the
// answers under way finish. The first line on standard output is the address.
func (l *listenFlags) serve(ctx context.Context, e env, route router) error {
	listener, err := net.Listen("tcp", l.at)
	if err != nil {
		return err
	}
	defer listener.Close()
	logger := slog.New(slog.NewTextHandler(e.stderr, nil))
	base, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)
	var silent silentConns
	server := &http.Server{
		Handler: &door{
			listenFlags: l, route: route, log: logger, hosts: l.hosts(listener.Addr().String()),
			slots: make(chan struct{}, l.maxStreams), closed: l.token != "", sum: sha256.Sum256([]byte(l.token)),
		},
		BaseContext: func(net.Listener) context.Context { return base }, ConnState: silent.watch,
		DisableGeneralOptionsHandler: true, // OPTIONS * comes through the door too
		ReadHeaderTimeout:            min(l.readTimeout, headerTime), IdleTimeout: idleConnection, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	if _, err := fmt.Fprintf(e.stdout, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(slowListener{listener.(*net.TCPListener)}) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	listener.Close()
	silent.close()
	return l.shutdown(server, logger, abort)
}

// slowListener accepts connections that answer a request whose headers come
// too slowly with 408 (RFC 9110, 15.5.9): net/http only closes them.
type slowListener struct{ *net.TCPListener }

func (l slowListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &slowConn{TCPConn: c}, nil
}

type slowConn struct {
	*net.TCPConn
	asked, late atomic.Bool // since the last answer: bytes came, and then none in time
}

func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 {
		c.asked.Store(true)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.late.Store(true)
	}
	return n, err
}

func (c *slowConn) Write(p []byte) (int, error) {
	c.asked.Store(false)
	c.late.Store(false)
	return c.TCPConn.Write(p)
}

func (c *slowConn) Close() error {
	if c.asked.Load() && c.late.Load() {
		c.SetWriteDeadline(time.Now().Add(time.Second))
		io.WriteString(c.TCPConn, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}
	return c.TCPConn.Close()
}

// silentConns are connections that have not asked anything: browsers open some
// ahead. Server.Shutdown would wait seconds for each of them.
type silentConns struct{ sync.Map }

func (s *silentConns) watch(c net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.Store(c, nil)
	} else {
		s.Delete(c)
	}
}

func (s *silentConns) close() {
	for c := range s.Range {
		c.(net.Conn).Close()
	}
}

// errShutdown ends the calls that outlast the drain.
var errShutdown = errors.New("the service is shutting down")

// shutdown stops accepting, waits for the answers under way and breaks off
// those that take too long.
func (l *listenFlags) shutdown(server *http.Server, logger *slog.Logger, abort context.CancelCauseFunc) error {
	logger.Info("shutting down", "drain", l.drain)
	ctx, cancel := context.WithTimeout(context.Background(), l.drain)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	logger.Warn("answers were broken off", "after", l.drain)
	abort(errShutdown)
	ctx, cancel = context.WithTimeout(context.Background(), time.Second) // for the last words of their streams
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
	return nil
}

// hosts are the names under which the service answers: those of the address
// that it listens on, and --allow-host.
func (l *listenFlags) hosts(listening string) map[string]bool {
	names := map[string]bool{}
	for _, host := range append([]string{l.addr, listening}, l.allowHosts...) {
		if name := hostname(host); name != "" {
			names[name] = true
		}
	}
	return names
}
