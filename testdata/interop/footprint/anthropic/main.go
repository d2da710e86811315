// Command anthropic makes one InvokeModel call with Anthropic's SDK.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/bedrock"
	"github.com/anthropics/anthropic-sdk-go/option"
)

func main() {
	c := anthropic.NewClient(bedrock.WithLoadDefaultConfig(context.Background()), option.WithBaseURL(os.Getenv("AWS_ENDPOINT_URL")))
	m, err := c.Messages.New(context.Background(), anthropic.MessageNewParams{
		Model: "us.anthropic.claude-sonnet-4-6", MaxTokens: 50,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Hi"))},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(m.Content[0].Text)
}
