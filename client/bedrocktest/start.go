package bedrocktest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Local is a Server that listens.
type Local struct {
	URL         string // http://HOST:PORT, or https
	Certificate []byte // PEM, the one that clients must trust; nil without TLS

	server *Server
	http   *http.Server
	served chan struct{}
}

// Start listens on addr, "127.0.0.1:0" when it is empty, over HTTP/1.1.
func (s *Server) Start(addr string) (*Local, error) { return s.start(addr, nil) }

// StartTLS is Start over TLS, HTTP/2 included, with a certificate of its own
// that is made for this call and never written to disk.
func (s *Server) StartTLS(addr string) (*Local, error) {
	cert, err := newCertificate(time.Now()) // Now is for signatures, the client's TLS goes by the real time
	if err != nil {
		return nil, fmt.Errorf("bedrocktest: certificate: %w", err)
	}
	return s.start(addr, &cert)
}

func (s *Server) start(addr string, cert *tls.Certificate) (*Local, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("bedrocktest: %w", err)
	}
	l := &Local{
		URL:    "http://" + listener.Addr().String(),
		server: s,
		served: make(chan struct{}),
		http: &http.Server{
			Handler:           s,
			ReadHeaderTimeout: 30 * time.Second,
			ErrorLog:          log.New(io.Discard, "", 0), // failed handshakes are the client's to report
		},
	}
	if cert == nil {
		go l.serve(func() error { return l.http.Serve(listener) })
		return l, nil
	}
	l.URL = "https://" + listener.Addr().String()
	l.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	l.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	go l.serve(func() error { return l.http.ServeTLS(listener, "", "") })
	return l, nil
}

func (l *Local) serve(run func() error) {
	defer close(l.served)
	if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		panic("bedrocktest: " + err.Error()) // a listener of our own does not fail
	}
}

// Client trusts the certificate and keeps its connections to itself.
func (l *Local) Client() *http.Client {
	t := &http.Transport{ForceAttemptHTTP2: true}
	if l.Certificate != nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(l.Certificate)
		t.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: t}
}

// Close stops at once: answers under way are broken off.
func (l *Local) Close() error {
	l.server.Close()
	err := l.http.Close()
	<-l.served
	return err
}

// Shutdown stops listening and lets the answers under way finish until ctx
// ends; what is left then is broken off.
func (l *Local) Shutdown(ctx context.Context) error {
	err := l.http.Shutdown(ctx)
	l.Close()
	return err
}

// newCertificate is a self-signed one for the loopback.
func newCertificate(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "local Bedrock"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
