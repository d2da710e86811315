package credentials

import (
	"cmp"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/testdata/vectors"
)

type ruleTest struct {
	Documentation string
	Params        struct {
		Region, Endpoint                                                          string
		UseFIPS, UseDualStack, UseGlobalEndpoint, IsControlPlane, IsOAuthEndpoint bool
	}
	Expect struct {
		Error    string
		Endpoint struct{ URL string }
	}
}

// skipped tells why a case does not apply, "" when it does.
func (tt ruleTest) skipped() string {
	switch p := tt.Params; {
	case p.UseGlobalEndpoint && p.Endpoint == "" && p.Region != "aws-global" && tt.Expect.Endpoint.URL == "https://sts.amazonaws.com":
		return "the global STS endpoint was the default of old SDKs; here and in the official ones it is the regional one"
	case p.IsControlPlane:
		return "the control plane of AWS Sign-In is not used"
	case p.IsOAuthEndpoint:
		return "the OAuth endpoint of AWS Sign-In is not used: aws login refreshes at the data plane"
	}
	return ""
}

// TestEndpointRules runs the tests of AWS's endpoint rule sets (botocore).
func TestEndpointRules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Path(t, "vectors/endpoints"), "*-endpoint-tests-1.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rule tests: %v", err)
	}
	for _, file := range files {
		service := strings.TrimSuffix(filepath.Base(file), "-endpoint-tests-1.json")
		var tests struct{ TestCases []ruleTest }
		readJSON(t, "vectors/endpoints/"+filepath.Base(file), &tests)
		for _, tt := range tests.TestCases {
			t.Run(service+"/"+tt.Documentation, func(t *testing.T) {
				if why := tt.skipped(); why != "" {
					t.Skip(why)
				}
				env := map[string]string{"AWS_REGION": tt.Params.Region}
				if tt.Params.UseFIPS {
					env["AWS_USE_FIPS_ENDPOINT"] = "true"
				}
				if tt.Params.UseDualStack {
					env["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
				}
				if tt.Params.Endpoint != "" {
					env["AWS_ENDPOINT_URL"] = tt.Params.Endpoint
				}
				got, err := load(t, env, nil).Endpoint(service)
				if (err != nil) != (tt.Expect.Error != "") {
					t.Fatalf("error %v, want %q", err, tt.Expect.Error)
				}
				if err == nil && got.Value != tt.Expect.Endpoint.URL {
					t.Errorf("%s, want %s", got.Value, tt.Expect.Endpoint.URL)
				}
				if strings.Contains(tt.Expect.Error, "Missing Region") != errors.Is(err, ErrNoRegion) {
					t.Errorf("error %v, want %q", err, tt.Expect.Error)
				}
				if tt.Params.Endpoint == "" && err == nil {
					if direct, _ := EndpointURL(service, tt.Params.Region, tt.Params.UseFIPS, tt.Params.UseDualStack); direct != got.Value {
						t.Errorf("EndpointURL %s, Endpoint %s", direct, got.Value)
					}
				}
			})
		}
	}
}

func TestEndpointURL(t *testing.T) {
	tests := []struct {
		service, region string
		fips, dual      bool
		want            string // an error when it is no URL
	}{
		{"bedrock-mantle", "us-east-1", false, false, "https://bedrock-mantle.us-east-1.api.aws"},
		{"bedrock-mantle", "us-east-1", false, true, "https://bedrock-mantle.us-east-1.api.aws"},
		{"bedrock-mantle", "us-gov-west-1", false, false, "https://bedrock-mantle.us-gov-west-1.api.aws"},
		{"bedrock-mantle", "us-east-1", true, false, "no FIPS endpoint"},
		{"bedrock-runtime", "eusc-de-east-1", false, false, "https://bedrock-runtime.eusc-de-east-1.amazonaws.eu"},
		{"bedrock-runtime", "eu-isoe-west-1", false, false, "https://bedrock-runtime.eu-isoe-west-1.cloud.adc-e.uk"},
		{"bedrock-runtime", "us-isof-south-1", false, true, "https://bedrock-runtime.us-isof-south-1.api.aws.hci.ic.gov"},
		{"bedrock-runtime", "aws-cn-global", false, false, "https://bedrock-runtime.aws-cn-global.amazonaws.com.cn"},
		{"bedrock-runtime", "mars-north-7", false, false, "https://bedrock-runtime.mars-north-7.amazonaws.com"},
		{"bedrock-runtime", "cn-north", false, false, "https://bedrock-runtime.cn-north.amazonaws.com"},
		{"bedrock-runtime", "fips-us-east-1", false, false, "https://bedrock-runtime-fips.us-east-1.amazonaws.com"},
		{"bedrock-runtime", "us-east-1-fips", false, false, "https://bedrock-runtime-fips.us-east-1.amazonaws.com"},
		{"bedrock-runtime", "us-fips-east-1", false, true, "https://bedrock-runtime-fips.us-east-1.api.aws"},
		{"sts", "aws-global", false, false, "https://sts.amazonaws.com"},
		{"signin", "us-isof-east-1", false, false, "https://us-isof-east-1.signin.csphome.hci.ic.gov"},
		{"signin", "eu-isoe-west-1", false, false, "https://eu-isoe-west-1.signin.csphome.adc-e.uk"},
		{"signin", "eusc-de-east-1", false, false, "https://eusc-de-east-1.signin.amazonaws-eusc.eu"},
		{"signin", "us-gov-east-1", true, true, "https://signin-fips.us-gov-east-1.api.aws"},
		{"s3", "us-east-1", false, false, `service "s3"`},
		{"sts", "", false, false, "no region"},
		{"sts", "us-east-1.evil.example/", false, false, `"us-east-1.evil.example/"`},
		{"sts", "-us", false, false, `"-us"`},
		{"sts", "us-", false, false, `"us-"`},
		{"sts", "us east", false, false, `"us east"`},
		{"sts", strings.Repeat("a", 64), false, false, "not valid"},
		{"sts", "é", false, false, "not valid"},
	}
	for _, tt := range tests {
		got, err := EndpointURL(tt.service, tt.region, tt.fips, tt.dual)
		if strings.HasPrefix(tt.want, "https://") {
			if got != tt.want || err != nil {
				t.Errorf("%s in %s: %s, %v; want %s", tt.service, tt.region, got, err, tt.want)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s in %q: %s, error %v; want %q", tt.service, tt.region, got, err, tt.want)
		}
	}
}

// endpointSuite is the form of botocore's tests of configured endpoints. They
// speak of S3 and DynamoDB, which stand for Bedrock's two services here.
type endpointSuite struct {
	Profiles     map[string]map[string]string
	Services     map[string]map[string]map[string]string
	Environments map[string]map[string]string
	Clients      map[string]struct {
		URL    string `json:"endpoint_url"`
		Ignore bool   `json:"ignore_configured_endpoint_urls"`
	} `json:"client_configs"`
	Tests []struct {
		Name, Profile, Environment, Service string
		Client                              string `json:"client_config"`
		Output                              struct{ EndpointURL string }
	} `json:"endpointUrlTests"`
}

var (
	standIn  = map[string]string{"s3": "bedrock-runtime", "dynamodb": "bedrock"}
	standIns = strings.NewReplacer("S3", "BEDROCK_RUNTIME", "DYNAMODB", "BEDROCK", "s3", "bedrock_runtime", "dynamodb", "bedrock")
)

// config writes the suite's profiles and services as a config file.
func (s endpointSuite) config() string {
	var file strings.Builder
	for name, props := range s.Profiles {
		file.WriteString("[profile " + name + "]\n")
		for key, value := range props {
			file.WriteString(key + " = " + value + "\n")
		}
	}
	for name, section := range s.Services {
		file.WriteString("[services " + name + "]\n")
		for service, props := range section {
			file.WriteString(standIns.Replace(service) + " =\n")
			for key, value := range props {
				file.WriteString("  " + key + " = " + value + "\n")
			}
		}
	}
	return file.String()
}

func TestOfficialConfiguredEndpoints(t *testing.T) {
	var file struct{ TestSuites []endpointSuite }
	readJSON(t, "vectors/credentials/official/botocore/tests/functional/configured_endpoint_urls/profile-tests.json", &file)
	for _, suite := range file.TestSuites {
		files := map[string]string{"home/.aws/config": suite.config()}
		for _, tt := range suite.Tests {
			t.Run(tt.Name, func(t *testing.T) {
				client, service := suite.Clients[tt.Client], standIn[tt.Service]
				if service == "" {
					t.Skipf("service %s stands for none of Bedrock's", tt.Service)
				}
				if client.Ignore && client.URL == "" {
					t.Skip("configured endpoints are ignored by variable or profile, not in code")
				}
				env := map[string]string{"AWS_PROFILE": tt.Profile}
				for key, value := range suite.Environments[tt.Environment] {
					env[standIns.Replace(key)] = value
				}
				c, err := Load(Options{Endpoint: client.URL, Getenv: world(t, env, files)})
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Endpoint(service)
				want := strings.ReplaceAll(tt.Output.EndpointURL, tt.Service+".fake-region", service+".fake-region")
				if err != nil || got.Value != want {
					t.Errorf("%v, %v; want %s", got, err, want)
				}
			})
		}
	}
}

func TestEndpointSourcesAndErrors(t *testing.T) {
	files := map[string]string{"home/.aws/config": `
[default]
region = eu-west-1
endpoint_url = https://all.example
[profile local]
services = local
endpoint_url = https://all.example
[profile lost]
services = nowhere
[profile fips]
region = us-east-1
use_fips_endpoint = true
[profile typo]
region = us-east-1
use_fips_endpoint = yes
[profile both]
endpoint_url = https://all.example
use_dualstack_endpoint = TRUE
[services local]
bedrock_runtime =
  endpoint_url = http://127.0.0.1:8080/prefix
sso_oidc =
  Endpoint_URL = http://127.0.0.1:1
`}
	tests := []struct {
		profile, service string
		env              map[string]string
		want, source     string // an error when source is ""
	}{
		{"default", "bedrock-runtime", nil, "https://all.example", "profile default in ~/.aws/config"},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:2"}, "http://127.0.0.1:2", "AWS_ENDPOINT_URL_STS"},
		{"default", "sts", map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}, "https://sts.eu-west-1.amazonaws.com", "rules for eu-west-1"},
		{"default", "signin", map[string]string{"AWS_ENDPOINT_URL_SIGNIN": "http://127.0.0.1:3"}, "http://127.0.0.1:3", "AWS_ENDPOINT_URL_SIGNIN"},
		{"default", "bedrock-mantle", map[string]string{"AWS_ENDPOINT_URL_BEDROCK_MANTLE": "http://h"}, "http://h", "AWS_ENDPOINT_URL_BEDROCK_MANTLE"},
		{"default", "bedrock", map[string]string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://h"}, "https://all.example", "profile default in ~/.aws/config"},
		{"local", "bedrock-runtime", nil, "http://127.0.0.1:8080/prefix", "services local in ~/.aws/config"},
		{"local", "sso-oidc", nil, "http://127.0.0.1:1", "services local in ~/.aws/config"},
		{"local", "bedrock", nil, "https://all.example", "profile local in ~/.aws/config"},
		{"fips", "bedrock", nil, "https://bedrock-fips.us-east-1.amazonaws.com", "rules for us-east-1"},
		{"fips", "bedrock", map[string]string{"AWS_USE_FIPS_ENDPOINT": "false"}, "https://bedrock.us-east-1.amazonaws.com", "rules for us-east-1"},
		{"fips", "bedrock", map[string]string{"AWS_REGION": "fips-us-west-2", "AWS_USE_FIPS_ENDPOINT": "false"}, "https://bedrock-fips.us-west-2.amazonaws.com", "rules for us-west-2"},
		{"lost", "sts", map[string]string{"AWS_ENDPOINT_URL": "http://h"}, "http://h", "AWS_ENDPOINT_URL"},

		{"lost", "sts", nil, "no [services nowhere], which profile lost in ~/.aws/config names", ""},
		{"typo", "sts", nil, "use_fips_endpoint is neither true nor false", ""},
		{"fips", "sts", map[string]string{"AWS_USE_FIPS_ENDPOINT": "1"}, "AWS_USE_FIPS_ENDPOINT", ""},
		{"fips", "sts", map[string]string{"AWS_ENDPOINT_URL": "https://h"}, "(AWS_ENDPOINT_URL) and FIPS (profile fips in ~/.aws/config)", ""},
		{"default", "sts", map[string]string{"AWS_REGION": "fips-us-east-1"}, "and FIPS (AWS_REGION)", ""},
		{"both", "sts", nil, "and dual stack (profile both in ~/.aws/config)", ""},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL": "127.0.0.1:80"}, "(AWS_ENDPOINT_URL) must be http", ""},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL": "ftp://h"}, "(AWS_ENDPOINT_URL) must be http", ""},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL": "http://:80"}, "(AWS_ENDPOINT_URL) must be http", ""},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL": "http://u:" + canary + "@h"}, "(AWS_ENDPOINT_URL) must not hold a user", ""},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL": "http://" + canary + " h"}, "(AWS_ENDPOINT_URL) must be http", ""},
		{"default", "sts", map[string]string{"AWS_ENDPOINT_URL": "http://h?x=1"}, "(AWS_ENDPOINT_URL) must not hold a query", ""},
		{"default", "sts", map[string]string{"AWS_REGION": "us east"}, `region "us east" is not valid: it takes letters, digits and '-' (AWS_REGION)`, ""},
		{"local", "bedrock", map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "no region", ""},
	}
	for _, tt := range tests {
		env := map[string]string{"AWS_PROFILE": tt.profile}
		maps.Copy(env, tt.env)
		got, err := load(t, env, files).Endpoint(tt.service)
		if tt.source != "" {
			if got != (Setting{tt.want, tt.source}) || err != nil {
				t.Errorf("%s %s %v: %v, %v; want %s (%s)", tt.profile, tt.service, tt.env, got, err, tt.want, tt.source)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s %s %v: %v, error %v; want %q", tt.profile, tt.service, tt.env, got, err, tt.want)
		}
	}
}

// TestEndpointInCode: it is Bedrock's, not that of STS and the like.
func TestEndpointInCode(t *testing.T) {
	c, err := Load(Options{Endpoint: "http://gw.example/bedrock", Region: "us-west-2", Getenv: func(name string) string {
		return map[string]string{"AWS_ENDPOINT_URL": "http://other.example"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]string{
		"bedrock-runtime": "http://gw.example/bedrock", "bedrock": "http://gw.example/bedrock",
		"bedrock-mantle": "http://gw.example/bedrock", "sts": "http://other.example",
	} {
		got, err := c.Endpoint(service)
		if err != nil || got.Value != want || got.Source != cmp.Or(map[bool]string{true: "AWS_ENDPOINT_URL"}[service == "sts"], "code") {
			t.Errorf("%s: %v, %v; want %s", service, got, err, want)
		}
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b",
		"eusc-de-east-1": "aws-eusc", "nowhere": "aws", "": "aws",
	} {
		if got := Partition(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}
