package credentials

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrNoRegion is in every error that says that a region is needed and nobody
// named one.
var ErrNoRegion = errors.New("no region: set AWS_REGION, or region in the profile")

// partition is a set of regions with its own DNS names ("Partitions" in AWS's
// partitions.json; the sign-in names are from the rules of AWS Sign-In).
type partition struct {
	id     string
	prefix string // of its regions: PREFIX-word-digits
	dns    string
	dual   string // suffix of the dual-stack names
	signIn string
}

// partitions are all but aws itself, which takes every region that is in no
// other one.
var partitions = []partition{
	{"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "signin.amazonaws.cn"},
	{"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "signin.amazonaws-us-gov.com"},
	{"aws-eusc", "eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu", "signin.amazonaws-eusc.eu"},
	{"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "signin.c2shome.ic.gov"},
	{"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "signin.sc2shome.sgov.gov"},
	{"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "signin.csphome.adc-e.uk"},
	{"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "signin.csphome.hci.ic.gov"},
}

var defaultPartition = partition{"aws", "", "amazonaws.com", "api.aws", "signin.aws.amazon.com"}

// Partition is the id of the partition that a region lies in, as ARNs begin
// with it: "aws" for every region that is in no other one.
func Partition(region string) string { return partitionOf(region).id }

func partitionOf(region string) partition {
	for _, p := range partitions {
		rest, ok := strings.CutPrefix(region, p.prefix)
		if word, digits, cut := strings.Cut(rest, "-"); ok && cut && word != "" && isNumber(digits) || region == p.id+"-global" {
			return p
		}
	}
	return defaultPartition
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// hosts are what stands before the region in each service's host.
var hosts = map[string]struct {
	plain, fips string
	govFIPS     string // in aws-us-gov, where some plain hosts are FIPS ones
}{
	"bedrock-runtime": {"bedrock-runtime", "bedrock-runtime-fips", "bedrock-runtime-fips"},
	"bedrock":         {"bedrock", "bedrock-fips", "bedrock-fips"},
	"bedrock-mantle":  {"bedrock-mantle", "", ""},
	"sts":             {"sts", "sts-fips", "sts"},
	"sso":             {"portal.sso", "portal.sso-fips", "portal.sso"},
	"sso-oidc":        {"oidc", "oidc-fips", "oidc"},
	"signin":          {"signin", "signin-fips", "signin-fips"},
}

// EndpointURL is the address of a service in a region by AWS's endpoint rule
// sets, nothing configured: "bedrock-runtime", "bedrock", "bedrock-mantle",
// "sts", "sso", "sso-oidc" or "signin". Unknown regions get the name they would
// have; a region written fips-REGION turns FIPS on.
func EndpointURL(service, region string, fips, dualStack bool) (string, error) {
	region, pseudo := stripFIPS(region)
	fips = fips || pseudo
	host, known := hosts[service]
	switch {
	case !known:
		return "", fmt.Errorf("credentials: no endpoint rules for service %q", service)
	case region == "":
		return "", fmt.Errorf("credentials: %w", ErrNoRegion)
	case !isHostLabel(region):
		return "", badRegion(region)
	case fips && host.fips == "":
		return "", fmt.Errorf("credentials: %s has no FIPS endpoint", service)
	}
	p := partitionOf(region)
	gov := fips && p.id == "aws-us-gov"
	switch {
	case fips && dualStack:
		return "https://" + host.fips + "." + region + "." + p.dual, nil
	case dualStack || service == "bedrock-mantle": // mantle has no other name
		return "https://" + host.plain + "." + region + "." + p.dual, nil
	case service == "signin" && gov && region == "us-gov-west-1":
		return "https://signin-fips.amazonaws-us-gov.com", nil
	case service == "signin" && gov:
		return "https://" + region + ".signin-fips.amazonaws-us-gov.com", nil
	case service == "signin" && !fips:
		return "https://" + region + "." + p.signIn, nil
	case service == "sts" && region == "aws-global" && !fips:
		return "https://sts.amazonaws.com", nil
	case gov:
		return "https://" + host.govFIPS + "." + region + "." + p.dns, nil
	case fips:
		return "https://" + host.fips + "." + region + "." + p.dns, nil
	}
	return "https://" + host.plain + "." + region + "." + p.dns, nil
}

func badRegion(region string) error {
	return fmt.Errorf("credentials: region %q is not valid: it takes letters, digits and '-'", region)
}

// isHostLabel tells whether a region can stand in a host name; anything else
// could send the request, and its signature, to another host.
func isHostLabel(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && (s[i] != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// stripFIPS reads a region that an old tool wrote as fips-REGION, REGION-fips or
// with -fips- inside, as aws-sdk-go-v2 does.
func stripFIPS(region string) (string, bool) {
	plain := strings.ReplaceAll(region, "-fips-", "-")
	plain = strings.TrimSuffix(strings.TrimPrefix(plain, "fips-"), "-fips")
	return plain, plain != region
}

// Endpoint is the base URL of a service (see EndpointURL for their names) in the
// configured region, and where it comes from: in code (Bedrock's services
// only) > AWS_ENDPOINT_URL_<SERVICE> > AWS_ENDPOINT_URL > the profile's services
// section > its endpoint_url > AWS's rules ("rules for REGION") with FIPS and
// dual stack as set. A configured URL is returned as it is and needs no region;
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves only the one in code. FIPS or dual
// stack together with a configured URL is an error, as in AWS's rules.
func (c *Config) Endpoint(service string) (Setting, error) {
	return c.endpointIn(service, c.Region.Value)
}

// endpointIn is Endpoint for another region, such as a sso_region.
func (c *Config) endpointIn(service, region string) (Setting, error) {
	if region != "" && !isHostLabel(region) {
		if region == c.Region.Value {
			return Setting{}, fmt.Errorf("%w (%s)", badRegion(region), c.Region.Source)
		}
		return Setting{}, badRegion(region)
	}
	fips, fipsSource, err := c.switchedOn("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
	if err != nil {
		return Setting{}, err
	}
	if c.fips {
		fips, fipsSource = true, c.Region.Source
	}
	dual, dualSource, err := c.switchedOn("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
	if err != nil {
		return Setting{}, err
	}
	custom, err := c.configuredEndpoint(service)
	if err != nil {
		return Setting{}, err
	}
	switch {
	case custom.Value == "":
		u, err := EndpointURL(service, region, fips, dual)
		return Setting{u, "rules for " + region}, err
	case fips:
		return Setting{}, fmt.Errorf("credentials: a custom endpoint (%s) and FIPS (%s) exclude each other: unset one", custom.Source, fipsSource)
	case dual:
		return Setting{}, fmt.Errorf("credentials: a custom endpoint (%s) and dual stack (%s) exclude each other: unset one", custom.Source, dualSource)
	}
	return custom, checkURL(custom)
}

// configuredEndpoint is the URL that somebody set, if any.
func (c *Config) configuredEndpoint(service string) (Setting, error) {
	if c.options.Endpoint != "" && strings.HasPrefix(service, "bedrock") {
		return Setting{c.options.Endpoint, "code"}, nil
	}
	ignore, _, err := c.switchedOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")
	if ignore || err != nil {
		return Setting{}, err
	}
	id := strings.ReplaceAll(service, "-", "_")
	if env := c.pick("", "AWS_ENDPOINT_URL_"+strings.ToUpper(id), "AWS_ENDPOINT_URL"); env.Value != "" {
		return env, nil
	}
	if services := c.Setting("", "services"); services.Value != "" {
		s, ok := c.Services(services.Value)
		if !ok { // aws-sdk-go-v2 would go to AWS itself without a word; botocore refuses too
			return Setting{}, fmt.Errorf("credentials: there is no [services %s], which %s names", services.Value, services.Source)
		}
		if v, _ := s.Nested(id, "endpoint_url"); v != "" {
			return Setting{v, "services " + s.Name + " in " + s.Source(id)}, nil
		}
	}
	return c.Setting("", "endpoint_url"), nil
}

// checkURL refuses what cannot be a base URL. The URL itself may hold a
// password and is not quoted.
func checkURL(s Setting) error {
	u, err := url.Parse(s.Value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("credentials: the endpoint (%s) must be http://HOST or https://HOST", s.Source)
	case u.User != nil:
		return fmt.Errorf("credentials: the endpoint (%s) must not hold a user name or password", s.Source)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("credentials: the endpoint (%s) must not hold a query or fragment", s.Source)
	}
	return nil
}

// switchedOn reads a setting that is true or false. aws-sdk-go-v2 takes other
// words in a profile for false; here they are errors, for whoever wrote
// use_fips_endpoint = yes must not get the plain endpoint.
func (c *Config) switchedOn(env, key string) (on bool, source string, err error) {
	s := c.Setting(env, key)
	switch strings.ToLower(s.Value) {
	case "true":
		return true, s.Source, nil
	case "false", "":
		return false, s.Source, nil
	}
	return false, "", fmt.Errorf("credentials: %s: %s is neither true nor false", s.Source, key)
}
