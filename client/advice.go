package client

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// invokedModel is the model that "Invocation of model ID X with on-demand …"
// names.
var invokedModel = pattern{expr: `model ID (\S+) with on-demand`}

// profileHint names the inference profiles to try for a model that cannot be
// called by its own id.
func profileHint(e *Error) string {
	model := e.Model
	if m := invokedModel.get().FindStringSubmatch(e.Message); model == "" && m != nil {
		model = m[1]
	}
	ids, where := profileIDs(model, e.Region), "{region}"
	if len(ids) == 0 && strings.Count(e.Region, "-") < 2 { // the region is not known
		ids, where = profileIDs(model, "us"), "the US, or with another geography's prefix elsewhere"
	}
	if len(ids) == 0 {
		return "{model} is called through an inference profile or Provisioned Throughput: take an id or ARN that `bedrock models --profiles` lists."
	}
	return fmt.Sprintf("%s is called through an inference profile: try %s in %s. `bedrock models --profiles` lists those that exist.", model, strings.Join(ids, " or "), where)
}

// modelHint says why a model id may be unknown here.
func modelHint(e *Error) string {
	if arn := strings.Split(e.Model, ":"); len(arn) > 5 && arn[0] == "arn" {
		if arn[3] != "" && e.Region != "" && arn[3] != e.Region {
			return fmt.Sprintf("The ARN belongs to %s, but the call went to %s: call it in its own region.", arn[3], e.Region)
		}
		return "{model} does not exist in {region}, or belongs to another account: check the ARN."
	}
	prefix, base := cutGeography(e.Model)
	if prefix != "" && strings.Contains(e.Endpoint, "//bedrock-mantle") {
		return "bedrock-mantle knows models by their own ids only: try " + base + "."
	}
	if own := geographies(e.Region); prefix != "" && len(own) > 0 && !slices.Contains(own, prefix) {
		return "{model} is a profile of another geography than {region}: try " + strings.Join(profileIDs(e.Model, e.Region), " or ") + "."
	}
	return "{model} is no model or inference profile in {region}: check spelling and version suffix. `bedrock models` lists what can be called there."
}

// denied takes apart what IAM says: who may not do what, on which resource,
// and why.
var denied = pattern{expr: `(?s)User: (.+?) is not authorized to perform: (.+?)(?: on resource: (.+?))?(?: because (.+?)| with an explicit deny in (.+?))?\.?\s*$`}

// deniedHint turns a denial into what must be allowed where.
func deniedHint(e *Error) string {
	m := denied.get().FindStringSubmatch(e.Message)
	if m == nil {
		return general[ErrAccessDenied]
	}
	who, action, resource := m[1], m[2], m[3]
	why := fold(m[4] + m[5])
	what := action
	if resource != "" {
		what += " on " + resource
	}
	switch {
	case action == "bedrock:CallWithBearerToken":
		return fmt.Sprintf("API keys are not allowed to %s: its policies must allow bedrock:CallWithBearerToken beside the action itself.", who)
	case strings.Contains(why, "service control policy"), strings.Contains(why, "resource control policy"):
		return organizationHint(e, what, resource, m[5])
	case strings.Contains(why, "permissions boundary"):
		return fmt.Sprintf("The permissions boundary of %s does not allow %s: whoever set the boundary must widen it.", who, what)
	case strings.Contains(why, "session policy"):
		return fmt.Sprintf("The session policy given when the role was assumed does not allow %s: assume the role without it or with a wider one.", what)
	case strings.Contains(why, "vpc endpoint policy"):
		return fmt.Sprintf("The policy of the VPC endpoint does not allow %s: it must be changed there.", what)
	case m[5] != "":
		return fmt.Sprintf("A policy of %s%s denies %s outright: no other policy can allow it, that statement must go or be narrowed.", who, policyIn(m[5]), what)
	}
	if e.KeyRegion != "" && !strings.Contains(action, ":Invoke") {
		return fmt.Sprintf("Allow %s to %s, or use AWS credentials: an API key may be for inference only, and is not broken then.", who, what)
	}
	return fmt.Sprintf("Allow %s to %s.", who, what) + resourcesHint(e, resource)
}

// policyIn is the ARN of the policy that a denial names.
func policyIn(deny string) string {
	if i := strings.Index(deny, "arn:"); i >= 0 {
		return " (" + deny[i:] + ")"
	}
	return ""
}

// organizationHint explains a denial by a policy of the organization.
func organizationHint(e *Error, what, resource, deny string) string {
	s := "A policy of the organization" + policyIn(deny) + " denies " + what + "; only its administrators can change that."
	switch region := arnRegion(resource); {
	case strings.HasPrefix(resource, "arn:") && region == "":
		return s + ` The empty region means a global profile: the policy must allow aws:RequestedRegion "unspecified", or take a profile of one geography.`
	case region != "" && e.Region != "" && region != e.Region:
		return s + fmt.Sprintf(" The inference profile sent the call on to %s: the policy must allow Bedrock in every destination region of the profile.", region)
	}
	return s
}

// resourcesHint adds what a call through an inference profile needs beside
// the resource that was denied.
func resourcesHint(e *Error, resource string) string {
	prefix, _ := cutGeography(lastPart(e.Model))
	_, base := cutGeography(lastPart(resource))
	region := arnRegion(resource)
	switch {
	case strings.Contains(resource, ":application-inference-profile/"):
		return " A call through it needs the same on the model behind it, in every destination region."
	case strings.Contains(resource, ":inference-profile/"):
		return " A call through the profile needs the same on arn:aws:bedrock:*::foundation-model/" + base + ", in every destination region."
	case region != "" && e.Region != "" && region != e.Region:
		return fmt.Sprintf(" The inference profile sent the call on to %s: allow the model in every destination region, arn:aws:bedrock:*::foundation-model/%s.", region, base)
	case prefix != "":
		return " A call through a profile needs it on the profile's ARN and on the model's, in every destination region."
	}
	return ""
}

// keyHint compares the region of a short-term API key with the call's.
func keyHint(e *Error) string {
	if e.KeyRegion != "" && e.Region != "" && e.KeyRegion != e.Region {
		return fmt.Sprintf("The API key was made for %s, but the call went to %s: call %s, or make a key for %s.", e.KeyRegion, e.Region, e.KeyRegion, e.Region)
	}
	return "The API key is mistyped, cut, expired or made for another region: `bedrock token inspect` tells what a short-term key says of itself."
}

// skewTimes are the request's date and the service's, as a refusal quotes
// them: "Signature expired: T1 is now earlier than T2 (T3 - 5 min.)" and
// "Signature not yet current: T1 is still later than T2 (T3 + 5 min.)".
var skewTimes = pattern{expr: `Signature (?:expired|not yet current): (\d{8}T\d{6}Z) is \w+ \w+ than \d{8}T\d{6}Z \((\d{8}T\d{6}Z) [-+]`}

func quotedSkew(message string) time.Duration {
	m := skewTimes.get().FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	const layout = "20060102T150405Z"
	request, err1 := time.Parse(layout, m[1])
	service, err2 := time.Parse(layout, m[2])
	if err1 != nil || err2 != nil {
		return 0
	}
	return service.Sub(request)
}

// skewHint names the offset: the one that AWS quotes, else the one measured by
// the answer's Date.
func skewHint(e *Error) string {
	skew := quotedSkew(e.Message)
	if skew == 0 {
		skew = e.Skew
	}
	if skew.Abs() < skewThreshold {
		return general[ErrClockSkew]
	}
	direction := "behind"
	if skew < 0 {
		direction = "ahead of"
	}
	return fmt.Sprintf("The request's date is %s %s AWS's clock: set this machine's clock (NTP).", roughly(skew.Abs()), direction)
}

// roughly writes a duration in its two largest units.
func roughly(d time.Duration) string {
	d = d.Round(time.Second)
	days := int(d / (24 * time.Hour))
	switch rest := d % (24 * time.Hour); {
	case days > 0:
		return fmt.Sprintf("%d days %d h", days, int(rest.Hours()))
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return d.String()
}
