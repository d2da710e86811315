// Command nethttp posts one unsigned body: what any HTTP program weighs.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	resp, err := http.Post(os.Getenv("AWS_ENDPOINT_URL")+"/model/us.amazon.nova-2-lite-v1%3A0/converse", "application/json",
		strings.NewReader(`{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`))
	if err == nil {
		_, err = io.Copy(os.Stdout, resp.Body)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
