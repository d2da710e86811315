package interop

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// command runs a server of the bedrock binary and returns its address.
func command(t *testing.T, token string, args ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bedrock")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "rawbedrock/cmd/bedrock").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "BEDROCK_SERVE_TOKEN=" + token}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// OpenAI's SDK behind the service, with its token alone.
func TestOpenAISDKBehindServe(t *testing.T) {
	url := command(t, "s3rvice-token", "serve", "--mock", "--addr", "127.0.0.1:0")
	for _, base := range []string{"/v1/", "/openai/v1/"} {
		openAIAnswers(t, url+base, "s3rvice-token", 401)
	}
}

// The AWS SDK for Go behind the proxy, with keys that nobody knows.
func TestAWSSDKBehindProxy(t *testing.T) {
	url := command(t, "", "proxy", "--mock", "--addr", "127.0.0.1:0")
	c := bedrockruntime.New(bedrockruntime.Options{Region: "eu-west-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("NOBODY", "knows", "me")})
	answers(t, withSDK(c, model, 20))
}
