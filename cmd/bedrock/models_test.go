package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// TestModelsInPart: what could be listed is printed, and the refusal of the
// rest makes exit 1. That access is not known of all is a note alone.
func TestModelsInPart(t *testing.T) {
	for _, want := range []struct {
		operation, args, stderr string
		code                    int
	}{
		{"ListInferenceProfiles", "models", "bedrock: ListInferenceProfiles in us-east-1: 403", exitRefused},
		{"ListFoundationModels", "models --profiles", "bedrock: ListFoundationModels in us-east-1: 403", exitRefused},
		{"ListFoundationModels", "models", "bedrock: ListFoundationModels in us-east-1: 403", exitRefused},
		{"GetFoundationModelAvailability", "models --callable", "note: whether the account may use them is not known of all: bedrock: GetFoundationModelAvailability", exitOK},
	} {
		server := httptest.NewServer(&bedrocktest.Server{Faults: []bedrocktest.Fault{{Operation: want.operation, Code: "AccessDeniedException"}}})
		defer server.Close()
		stdout, stderr, code := bedrock(t, exampleEnv(nil), append(strings.Fields(want.args), "--endpoint-url", server.URL)...)
		if code != want.code || !strings.HasPrefix(stdout, "CALL BY") || !strings.HasPrefix(stderr, want.stderr) {
			t.Errorf("%s: exit %d\n%s\n%s", want.operation, code, stdout, stderr)
		}
		if want.operation == "ListFoundationModels" && strings.Contains(stdout, " no  ") {
			t.Errorf("models of which only profiles are known are said not to stream:\n%s", stdout)
		}
	}
}
