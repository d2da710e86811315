// Command openai makes one Chat Completions call with OpenAI's SDK.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	c := openai.NewClient(option.WithBaseURL(os.Getenv("AWS_ENDPOINT_URL")+"/openai/v1/"), option.WithAPIKey("k"))
	out, err := c.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{
		Model: "openai.gpt-oss-20b-1:0", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hi")},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(out.Choices[0].Message.Content)
}
