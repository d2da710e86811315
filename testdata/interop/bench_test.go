package interop

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsstream "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/minio/minio-go/v7/pkg/signer"

	"rawbedrock/eventstream"
	"rawbedrock/sigv4"
)

// The name of every benchmark is work/peer. "floor" is the least that any
// implementation must do; "rawbedrock" is ours.

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func unsigned(b testing.TB, body []byte) *http.Request {
	req, err := http.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-2-lite-v1%3A0/converse", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	return req
}

func BenchmarkSign(b *testing.B) {
	body := question(1000)
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		key := make([]byte, 32)
		canonical := make([]byte, 300)
		for b.Loop() {
			sha256.Sum256(body)
			sha256.Sum256(canonical)
			h := hmac.New(sha256.New, key)
			h.Write(canonical[:100])
			h.Sum(nil)
		}
	})
	b.Run("rawbedrock", func(b *testing.B) {
		req := unsigned(b, body)
		s := sigv4.Signer{Region: region, Service: "bedrock", Keys: new(sigv4.KeyCache)}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Sign(req, sigv4.HashPayload(body), keys, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		req := unsigned(b, body)
		s := v4.NewSigner()
		c := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
		b.ReportAllocs()
		for b.Loop() {
			if err := s.SignHTTP(context.Background(), c, req, fmt.Sprintf("%x", sha256.Sum256(body)), "bedrock", region, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("minio-go", func(b *testing.B) {
		req := unsigned(b, body)
		b.ReportAllocs()
		for b.Loop() {
			req.Header.Set("X-Amz-Content-Sha256", fmt.Sprintf("%x", sha256.Sum256(body)))
			signer.SignV4(*req, accessKey, secretKey, "", region)
		}
	})
}

func BenchmarkSignCold(b *testing.B) {
	body := question(1000)
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		key := make([]byte, 32)
		canonical := make([]byte, 300)
		for b.Loop() {
			sha256.Sum256(body)
			sha256.Sum256(canonical)
			for range 5 { // four for the signing key
				h := hmac.New(sha256.New, key)
				h.Write(canonical[:20])
				h.Sum(nil)
			}
		}
	})
	b.Run("rawbedrock", func(b *testing.B) {
		req := unsigned(b, body)
		s := sigv4.Signer{Region: region, Service: "bedrock"}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Sign(req, sigv4.HashPayload(body), keys, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		req := unsigned(b, body)
		c := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
		b.ReportAllocs()
		for b.Loop() {
			if err := v4.NewSigner().SignHTTP(context.Background(), c, req, fmt.Sprintf("%x", sha256.Sum256(body)), "bedrock", region, now); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPresign(b *testing.B) {
	b.Run("rawbedrock", func(b *testing.B) {
		req := unsigned(b, nil)
		s := sigv4.Signer{Region: region, Service: "bedrock", Keys: new(sigv4.KeyCache)}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := s.Presign(req, sigv4.EmptyPayloadHash, time.Hour, keys, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		req := unsigned(b, nil)
		req.URL.RawQuery = "X-Amz-Expires=3600"
		s := v4.NewSigner()
		c := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := s.PresignHTTP(context.Background(), c, req, sigv4.EmptyPayloadHash, "bedrock", region, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("minio-go", func(b *testing.B) {
		req := unsigned(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			fresh := *req // it adds to the query
			u := *req.URL
			fresh.URL = &u
			signer.PreSignV4(fresh, accessKey, secretKey, "", region, 3600)
		}
	})
}

// endless repeats one frame for ever.
type endless struct {
	frame []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], e.frame[e.at:])
		n += c
		if e.at += c; e.at == len(e.frame) {
			e.at = 0
		}
	}
	return n, nil
}

func benchmarkDecode(b *testing.B, f []byte) {
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(f)))
		b.ReportAllocs()
		r := &endless{frame: f}
		buf := make([]byte, len(f))
		for b.Loop() {
			for rest := buf; len(rest) > 0; {
				n := min(len(rest), 32<<10)
				r.Read(rest[:n])
				crc32.ChecksumIEEE(rest[:n])
				rest = rest[n:]
			}
		}
	})
	b.Run("rawbedrock", func(b *testing.B) {
		b.SetBytes(int64(len(f)))
		b.ReportAllocs()
		d := eventstream.NewDecoder(&endless{frame: f})
		for b.Loop() {
			if _, err := d.Decode(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		b.SetBytes(int64(len(f)))
		b.ReportAllocs()
		d, r := awsstream.NewDecoder(), &endless{frame: f}
		for b.Loop() {
			if _, err := d.Decode(r, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2-reused", func(b *testing.B) {
		b.SetBytes(int64(len(f)))
		b.ReportAllocs()
		d, r := awsstream.NewDecoder(), &endless{frame: f}
		buf := make([]byte, 0, 2<<20)
		for b.Loop() {
			if _, err := d.Decode(r, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode150B(b *testing.B) { benchmarkDecode(b, frame("contentBlockDelta", delta)) }

func BenchmarkDecode1MiB(b *testing.B) {
	benchmarkDecode(b, frame("contentBlockDelta", `{"delta":{"text":"`+text(1<<20)+`"}}`))
}

func BenchmarkEncode150B(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		f := frame("contentBlockDelta", delta)
		buf := make([]byte, len(f))
		b.ReportAllocs()
		for b.Loop() {
			copy(buf, f)
			crc32.ChecksumIEEE(buf[:8])
			crc32.ChecksumIEEE(buf)
		}
	})
	b.Run("rawbedrock", func(b *testing.B) {
		m := message("contentBlockDelta", delta)
		buf := make([]byte, 0, 1024)
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if buf, err = eventstream.Append(buf[:0], m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		m := awsstream.Message{Payload: []byte(delta)}
		for _, h := range message("contentBlockDelta", delta).Headers {
			m.Headers.Set(h.Name, awsstream.StringValue(h.Value.String()))
		}
		e := awsstream.NewEncoder()
		b.ReportAllocs()
		for b.Loop() {
			if err := e.Encode(io.Discard, m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
