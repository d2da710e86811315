package client

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// TestModels: what the local Bedrock lists, by the ids that each region can
// call.
func TestModels(t *testing.T) {
	for _, tt := range []struct{ region, model, callIDs, apis string }{
		{"us-east-1", "amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0 us.amazon.nova-2-lite-v1:0 global.amazon.nova-2-lite-v1:0", "invoke converse"},
		{"us-east-1", "anthropic.claude-sonnet-5", "us.anthropic.claude-sonnet-5 global.anthropic.claude-sonnet-5", "invoke converse messages"},
		{"ap-northeast-1", "anthropic.claude-sonnet-5", "jp.anthropic.claude-sonnet-5 global.anthropic.claude-sonnet-5", "invoke converse messages"},
		{"ca-central-1", "deepseek.r1-v1:0", "us.deepseek.r1-v1:0", "invoke converse"},
		{"eu-west-1", "deepseek.r1-v1:0", "", "invoke converse"},
		{"sa-east-1", "openai.gpt-6.1-sol", "global.openai.gpt-6.1-sol", "invoke converse chat responses"},
		{"eu-west-1", "amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0", "invoke"},
	} {
		models, err := local(t, &bedrocktest.Server{}, WithRegion(tt.region)).Models(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(models, func(m Model) bool { return m.ModelID == tt.model })
		if i < 0 {
			t.Errorf("%s does not list %s", tt.region, tt.model)
			continue
		}
		m := models[i]
		if got := strings.Join(m.CallIDs, " "); got != tt.callIDs {
			t.Errorf("%s in %s is called by %q, want %q", tt.model, tt.region, got, tt.callIDs)
		}
		if got := strings.Join(m.APIs, " "); got != tt.apis || m.ModelLifecycle == nil || m.ProviderName == "" {
			t.Errorf("%s: APIs %q, want %q; %+v", tt.model, got, tt.apis, m)
		}
	}
}

// controlPlane answers by path and query.
func controlPlane(t *testing.T, answers map[string]string) *Client {
	return scripted(t, func(r *http.Request, _ string) (int, string) {
		answer, ok := answers[r.URL.Path+"?"+r.URL.Query().Get("type")+r.URL.Query().Get("nextToken")]
		if !ok {
			return 403, `{"message":"User: arn:aws:iam::1:user/a is not authorized to perform: bedrock:ListInferenceProfiles"}`
		}
		return 200, answer
	}, WithRegion("eu-west-1"), WithRetry(Retry{MaxAttempts: 1}))
}

const (
	euProfile   = `{"inferenceProfileId":"eu.a.m","inferenceProfileArn":"arn:aws:bedrock:eu-west-1:1:inference-profile/eu.a.m","status":"ACTIVE","type":"SYSTEM_DEFINED","models":[{"modelArn":"arn:aws:bedrock:eu-west-1::foundation-model/a.m"},{"modelArn":"arn:aws:bedrock:eu-west-3::foundation-model/a.m"}]}`
	newProfile  = `{"inferenceProfileId":"xy.b.new","inferenceProfileArn":"arn:aws:bedrock:eu-west-1:1:inference-profile/xy.b.new","status":"ACTIVE","type":"SYSTEM_DEFINED","models":[{"modelArn":"arn:aws:bedrock:::foundation-model/b.new"}]}`
	application = `{"inferenceProfileId":"p1","inferenceProfileArn":"arn:aws:bedrock:eu-west-1:1:application-inference-profile/p1","status":"ACTIVE","type":"APPLICATION","models":[{"modelArn":"arn:aws:bedrock:eu-west-1::foundation-model/a.m"}]}`
	foundation  = `{"modelSummaries":[{"modelId":"a.m","inferenceTypesSupported":["PROVISIONED"],"outputModalities":["TEXT"],"responseStreamingSupported":true,"tomorrow":{"a":1.50}}]}`
)

// TestModelsMerge: pages, own profiles, a model that only a profile leads to,
// and members that nobody knows yet.
func TestModelsMerge(t *testing.T) {
	c := controlPlane(t, map[string]string{
		"/foundation-models?":                   foundation,
		"/inference-profiles?SYSTEM_DEFINED":    `{"inferenceProfileSummaries":[` + newProfile + `],"nextToken":"t"}`,
		"/inference-profiles?SYSTEM_DEFINEDt":   `{"inferenceProfileSummaries":[` + euProfile + `]}`,
		"/inference-profiles?APPLICATION":       `{"inferenceProfileSummaries":[` + application + `,` + euProfile + `]}`,
		"/foundation-model-availability/a.m?":   `{"modelId":"a.m","agreementAvailability":{"status":"ERROR","errorMessage":"no"},"authorizationStatus":"AUTHORIZED","entitlementAvailability":"NOT_AVAILABLE","regionAvailability":"AVAILABLE"}`,
		"/foundation-model-availability/b.new?": `{"modelId":"b.new","agreementAvailability":{"status":"AVAILABLE"},"authorizationStatus":"AUTHORIZED","entitlementAvailability":"AVAILABLE","regionAvailability":"AVAILABLE"}`,
	})
	models, err := c.Models(t.Context())
	if err != nil || len(models) != 2 {
		t.Fatalf("%v, %v", models, err)
	}
	if err := c.CheckAccess(t.Context(), models); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"a.m [eu.a.m arn:aws:bedrock:eu-west-1:1:application-inference-profile/p1] [invoke converse] entitlement NOT_AVAILABLE, agreement ERROR, no",
		"b.new [xy.b.new] [invoke] ",
	} {
		m := models[i]
		if got := fmt.Sprintf("%s %v %v %s", m.ModelID, m.CallIDs, m.APIs, m.Access.Missing()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	data, err := Marshal(models)
	if err != nil || !strings.Contains(string(data), `"tomorrow":{"a":1.50}`) || !strings.Contains(string(data), `"callIds":["eu.a.m",`) {
		t.Errorf("%s, %v", data, err)
	}
	if got := models[0].Profiles; len(got) != 2 || len(got[0].ModelIDs()) != 1 {
		t.Errorf("profiles of a.m: %+v", got)
	}
}

// TestModelsInPart: what could be listed comes back beside the error, and a
// list without an end is one.
func TestModelsInPart(t *testing.T) {
	models, err := controlPlane(t, map[string]string{"/foundation-models?": foundation}).Models(t.Context())
	if len(models) != 1 || !errors.Is(err, ErrAccessDenied) || models[0].CallIDs == nil || len(models[0].CallIDs) != 0 {
		t.Errorf("without profiles: %+v, %v", models, err)
	}
	models, err = controlPlane(t, map[string]string{
		"/inference-profiles?SYSTEM_DEFINED": `{"inferenceProfileSummaries":[` + euProfile + `]}`, "/inference-profiles?APPLICATION": `{}`,
	}).Models(t.Context())
	if len(models) != 1 || !errors.Is(err, ErrAccessDenied) {
		t.Errorf("without foundation models: %+v, %v", models, err)
	}
	_, err = controlPlane(t, map[string]string{
		"/foundation-models?":                 foundation,
		"/inference-profiles?SYSTEM_DEFINED":  `{"nextToken":"t"}`,
		"/inference-profiles?SYSTEM_DEFINEDt": `{"nextToken":"t"}`,
	}).Models(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no end") {
		t.Errorf("the same page again: %v", err)
	}
}

// TestCheckAccessStops: an identity that may not ask is not asked for a
// hundred times.
func TestCheckAccessStops(t *testing.T) {
	var calls atomic.Int32
	c := scripted(t, func(*http.Request, string) (int, string) {
		calls.Add(1)
		return 403, `{"message":"User: a is not authorized to perform: bedrock:GetFoundationModelAvailability"}`
	})
	models := make([]Model, 100)
	for i := range models {
		models[i].ModelID = fmt.Sprint("a.m", i)
	}
	err := c.CheckAccess(t.Context(), models)
	if !errors.Is(err, ErrAccessDenied) || calls.Load() > 2*accessCalls || models[0].Access != nil {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestInferenceProfile(t *testing.T) {
	c := local(t, &bedrocktest.Server{})
	p, err := c.InferenceProfile(t.Context(), "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6")
	if err != nil || p.Type != ProfileApplication || p.CallID() != p.InferenceProfileARN || len(p.ModelIDs()) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := c.InferenceProfile(t.Context(), "us.no.such"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}
