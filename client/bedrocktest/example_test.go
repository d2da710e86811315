package bedrocktest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"rawbedrock/client/bedrocktest"
)

func ExampleServer() {
	s := &bedrocktest.Server{Reply: func(model, prompt string) string { return "echo: " + prompt }}
	local, err := s.Start("")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer local.Close()

	r, _ := http.NewRequest("POST", local.URL+"/openai/v1/chat/completions",
		strings.NewReader(`{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello"}],"stream":true}`))
	r.Header.Set("Authorization", "Bearer "+bedrocktest.APIKey)
	resp, err := local.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, strings.Count(string(body), `"content":`), strings.Contains(string(body), "[DONE]"))
	// Output: 200 OK 4 true
}

func ExampleParseFault() {
	f, err := bedrocktest.ParseFault("throttlingException; at=2; delay=300ms")
	fmt.Println(f.Exception, *f.At, f.Delay, err)
	_, err = bedrocktest.ParseFault("explode")
	fmt.Println(err != nil)
	// Output:
	// throttlingException 2 300ms <nil>
	// true
}
