package main

import (
	"cmp"
	"slices"
	"strings"

	"rawbedrock/client"
	"rawbedrock/sigv4/credentials"
)

// policy is an IAM policy document (IAM User Guide, "IAM JSON policy
// elements").
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

// policy is what calls of the model need: the profile, when it is called by
// one, and the model itself in every region that the profile may send a call
// to (Bedrock user guide, "Prerequisites for inference profiles").
func (x *examination) policy() *policy {
	invoke := []string{"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"}
	p := &policy{Version: "2012-10-17"}
	add := func(sid string, actions, resources []string) {
		slices.Sort(resources)
		if resources = slices.Compact(resources); len(resources) > 0 {
			p.Statement = append(p.Statement, statement{sid, "Allow", actions, resources})
		}
	}
	profile := x.profileToCall()
	// what stands in no list is allowed in all regions
	geography, base := cutGeography(x.model[strings.LastIndexByte(x.model, '/')+1:])
	isARN := strings.HasPrefix(x.model, "arn:")
	if isARN && !strings.Contains(x.model, ":inference-profile/") {
		geography = ""
	}
	switch {
	case profile != nil:
		add("Profile", invoke, []string{profile.InferenceProfileARN})
		add("ModelInEveryDestination", invoke, x.modelARNs(profile))
	case geography != "":
		own := x.arn(cmp.Or(x.account, "*"), "inference-profile/"+x.model)
		if isARN {
			own = x.model
		}
		add("Profile", invoke, []string{own})
		add("ModelInEveryDestination", invoke, []string{x.arnIn("*", "", "foundation-model/"+base)})
	case isARN:
		add("Model", invoke, []string{x.model})
	case x.listed.model != nil:
		add("Model", invoke, []string{cmp.Or(x.listed.model.ModelARN, x.arn("", "foundation-model/"+x.model))})
	default:
		add("Model", invoke, []string{x.arn("", "foundation-model/"+x.model)})
	}
	if x.bearer() {
		add("APIKey", []string{"bedrock:CallWithBearerToken"}, []string{"*"})
	}
	return p
}

// profileToCall is the profile that was named, or the one to name instead of a
// model that needs one; nil when none is needed.
func (x *examination) profileToCall() *client.InferenceProfile {
	l := &x.listed
	if l.profile != nil || l.model == nil || slices.Contains(l.model.CallIDs, x.model) || strings.Contains(x.model, ":foundation-model/") {
		return l.profile
	}
	for i, p := range l.model.Profiles {
		if len(l.model.CallIDs) > 0 && p.CallID() == l.model.CallIDs[0] {
			return &l.model.Profiles[i]
		}
	}
	return nil
}

// modelARNs are the models behind a profile, and the source region's own, which
// a global profile needs besides.
func (x *examination) modelARNs(p *client.InferenceProfile) []string {
	var arns []string
	for _, m := range p.Models {
		arns = append(arns, m.ModelARN)
		if parts := strings.SplitN(m.ModelARN, ":", 6); len(parts) == 6 && parts[3] == "" {
			arns = append(arns, x.arn("", parts[5]))
		}
	}
	return arns
}

// arn is that of a resource in the region of the call.
func (x *examination) arn(account, resource string) string {
	return x.arnIn(x.region(), account, resource)
}

func (x *examination) arnIn(region, account, resource string) string {
	return "arn:" + credentials.Partition(x.region()) + ":bedrock:" + region + ":" + account + ":" + resource
}

func (x *examination) printPolicy() error {
	return printIndented(x.e.stdout, x.policy())
}
