package credentials

import (
	"testing"

	"rawbedrock/sigv4"
	"rawbedrock/testdata/vectors"
)

// TestPeers runs the scenarios against the vectors' own fake of STS, SSO,
// sign-in, container endpoint and metadata service. Where both SDKs resolve the
// same, so must we; where they differ, ours is told.
func TestPeers(t *testing.T) {
	agreed := 0
	for _, tt := range vectors.Scenarios(t) {
		t.Run(tt.Name, func(t *testing.T) {
			var creds [3]string
			config, err := Load(Options{Getenv: tt.Place(t)})
			if err == nil {
				var c sigv4.Credentials
				c, err = config.Provider().Retrieve(t.Context())
				creds = [3]string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}
			}
			want := tt.Want()
			if !tt.Agree {
				t.Logf("botocore: %q, aws-sdk-go-v2: %q; ours: %q, %v", tt.Peers["botocore"].AccessKey, want.AccessKey, creds[0], err)
				return
			}
			agreed++
			if (want.Error != "") != (err != nil) {
				t.Fatalf("%q, error %v; the SDKs: %q, error %q", creds[0], err, want.AccessKey, want.Error)
			}
			if creds != [3]string{want.AccessKey, want.SecretKey, want.Token} {
				t.Errorf("%q, want %q, %q, %q", creds, want.AccessKey, want.SecretKey, want.Token)
			}
			if tt.AgreeRegion && config != nil && config.Region.Value != want.Region {
				t.Errorf("region %q, want %q", config.Region.Value, want.Region)
			}
		})
	}
	if agreed == 0 {
		t.Error("no scenario with one answer")
	}
}
