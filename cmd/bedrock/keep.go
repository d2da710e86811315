package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"rawbedrock/client"
)

// keptCall is what BEDROCK_KEEP_LAST=1 leaves of the last call that failed.
// There is no secret and no body in it.
type keptCall struct {
	Time             time.Time   `json:"time"`
	Operation        string      `json:"operation"`
	Region           string      `json:"region,omitempty"`
	Status           int         `json:"status,omitempty"`
	Code             string      `json:"code,omitempty"`
	Message          string      `json:"message,omitempty"` // of a refusal of who asks; others may quote the body
	RequestID        string      `json:"requestId,omitempty"`
	Method           string      `json:"method"`
	URL              string      `json:"url"`
	Header           http.Header `json:"headers"`
	PayloadHash      string      `json:"bodySha256"`
	CanonicalRequest string      `json:"canonicalRequest,omitempty"`
	StringToSign     string      `json:"stringToSign,omitempty"`
}

// keepLast keeps a call that failed, when that is asked for.
func keepLast(e env, refused *client.Error) error {
	sent := refused.Sent()
	if e.getenv("BEDROCK_KEEP_LAST") != "1" || sent == nil {
		return nil
	}
	kept := keptCall{
		Time: time.Now().UTC(), Operation: refused.Op, Region: refused.Region,
		Status: refused.Status, Code: refused.Code, RequestID: refused.RequestID,
		Method: sent.Method, URL: sent.URL, Header: sent.Header, PayloadHash: sent.PayloadHash,
		CanonicalRequest: sent.CanonicalRequest, StringToSign: sent.StringToSign,
	}
	if refused.Status == http.StatusForbidden || refused.Status == http.StatusUnauthorized {
		kept.Message = refused.Message
	}
	data, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	name, err := lastFile(e)
	if err != nil {
		return err
	}
	return writePrivate(name, append(data, '\n'))
}

// lastFile is where the call is kept (XDG Base Directory Specification).
func lastFile(e env) (string, error) {
	dir := e.getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(dir) {
		home := e.getenv("HOME")
		if !filepath.IsAbs(home) {
			return "", errors.New("neither XDG_CACHE_HOME nor HOME is set")
		}
		dir = filepath.Join(home, ".cache")
	}
	return filepath.Join(dir, "rawbedrock", "last.json"), nil
}

// writePrivate writes a file that its owner alone can read, whole or not at
// all.
func writePrivate(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".last-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// readLast makes a refusal of the call that was kept.
func readLast(e env, r *client.Refusal) error {
	name, err := lastFile(e)
	if err != nil {
		return usagef("--last: %w", err)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return usagef("--last: no call was kept: a call that fails with BEDROCK_KEEP_LAST=1 in its environment is")
	}
	if err != nil {
		return usagef("--last: %w", err)
	}
	var kept keptCall
	u := new(url.URL)
	if err = json.Unmarshal(data, &kept); err == nil {
		u, err = url.Parse(kept.URL)
	}
	if err != nil {
		return usagef("--last: %s is damaged: %w", name, err)
	}
	body, _ := json.Marshal(map[string]string{"message": kept.Message, "code": kept.Code})
	header := http.Header{"X-Amzn-Errortype": {kept.Code}, "X-Amzn-Requestid": {kept.RequestID}}
	r.Transcript = client.Transcript{
		Request: &http.Request{Method: kept.Method, URL: u, Host: u.Host, Header: kept.Header},
		Status:  kept.Status, Header: header, Body: body,
	}
	r.Signed, r.PayloadHash = kept.CanonicalRequest, kept.PayloadHash
	return nil
}

// keepFailed keeps a call for keepLast. That it could not is told beside the
// call's own error.
func keepFailed(e env, failure error) {
	refused, ok := errors.AsType[*client.Error](failure)
	if !ok {
		return
	}
	if err := keepLast(e, refused); err != nil {
		fmt.Fprintf(e.stderr, "warning: BEDROCK_KEEP_LAST: %v\n", err)
	}
}
