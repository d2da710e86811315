// Command rawbedrock makes one Converse call, as small as a program with this
// module can be.
package main

import (
	"context"
	"fmt"
	"os"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

func main() {
	c, err := client.New()
	if err == nil {
		var resp *client.Response
		resp, err = c.Do(context.Background(), client.Request{
			Op: operation.Converse, Labels: []string{"us.amazon.nova-2-lite-v1:0"},
			Body: []byte(`{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`),
		})
		if err == nil {
			fmt.Println(resp.Get("output.message.content.0.text"))
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
