package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPolicy: the resources that calls of a model need, listed or not.
func TestPolicy(t *testing.T) {
	closed := faults("ListFoundationModels: AccessDeniedException", "ListInferenceProfiles: AccessDeniedException", "GetInferenceProfile: AccessDeniedException")
	const application = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
	for _, tt := range []struct {
		args  string
		world func(*testing.T) map[string]string
		want  string
	}{
		{"amazon.nova-pro-v1:0", allWell, "us-east-1::foundation-model/amazon.nova-pro-v1:0"},
		{"us.amazon.nova-pro-v1:0", allWell, "us-east-1:000000000000:inference-profile/us.amazon.nova-pro-v1:0 us-east-1::foundation-model/amazon.nova-pro-v1:0 us-east-2::foundation-model/amazon.nova-pro-v1:0 us-west-2::foundation-model/amazon.nova-pro-v1:0"},
		{"global.xai.grok-4.6", allWell, "us-east-1:000000000000:inference-profile/global.xai.grok-4.6 ::foundation-model/xai.grok-4.6 us-east-1::foundation-model/xai.grok-4.6"},
		{"xai.grok-4.6 -r us-gov-west-1", allWell, "us-gov-west-1:000000000000:inference-profile/us-gov.xai.grok-4.6 us-gov-east-1::foundation-model/xai.grok-4.6 us-gov-west-1::foundation-model/xai.grok-4.6"},
		{application, allWell, "us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6 us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0 us-east-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0 us-west-2::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"},
		{"us.amazon.nova-pro-v1:0", closed, "us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0 *::foundation-model/amazon.nova-pro-v1:0"},
		{"us.amazon.nova-pro-v1:0", minted("us-east-1", 0, closed), "us-east-1:*:inference-profile/us.amazon.nova-pro-v1:0 *::foundation-model/amazon.nova-pro-v1:0 *"},
		{"us.amazon.nova-pro-v1:0", faults("ListInferenceProfiles: AccessDeniedException"), "us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0 *::foundation-model/amazon.nova-pro-v1:0"},
		{"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0", closed, "us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0 *::foundation-model/amazon.nova-pro-v1:0"},
		{"amazon.nova-pro-v1:0 -r cn-north-1", closed, "cn-north-1::foundation-model/amazon.nova-pro-v1:0"},
		{application, closed, "us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"},
		{"arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", allWell, "us-east-1:123456789012:provisioned-model/abc"},
	} {
		args := append([]string{"doctor", "--no-call", "--policy"}, strings.Fields(tt.args)...)
		stdout, stderr, _ := bedrock(t, exampleEnv(tt.world(t)), args...)
		var p policy
		if err := json.Unmarshal([]byte(stdout), &p); err != nil {
			t.Errorf("%s: %v: %s\n%s", tt.args, err, stdout, stderr)
			continue
		}
		partition := "aws"
		for prefix, name := range map[string]string{"-r us-gov": "aws-us-gov", "-r cn-": "aws-cn"} {
			if strings.Contains(tt.args, prefix) {
				partition = name
			}
		}
		var got []string
		for _, s := range p.Statement {
			for _, r := range s.Resource {
				got = append(got, strings.TrimPrefix(r, "arn:"+partition+":bedrock:"))
			}
			want := []string{"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"}
			if s.Sid == "APIKey" {
				want = []string{"bedrock:CallWithBearerToken"}
			}
			if s.Effect != "Allow" || !slices.Equal(s.Action, want) {
				t.Errorf("%s: %+v", tt.args, s)
			}
		}
		if fmt.Sprint(got) != "["+tt.want+"]" {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.args, got, tt.want)
		}
	}
}
