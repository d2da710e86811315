package client

import (
	"slices"
	"strings"
)

// geographies are the prefixes of the inference profiles that can be called
// from a region, nearest first (Bedrock user guide, "Supported Regions and
// models for inference profiles"). AWS adds to them; nil: not known.
func geographies(region string) []string {
	switch prefix, _, _ := strings.Cut(region, "-"); {
	case strings.HasPrefix(region, "us-gov-"):
		return []string{"us-gov"}
	case strings.HasPrefix(region, "us-iso"), strings.HasPrefix(region, "eu-iso"):
		return nil
	case prefix == "us":
		return []string{"us", "global"}
	case prefix == "ca":
		return []string{"ca", "us", "global"}
	case prefix == "eu":
		return []string{"eu", "global"}
	case region == "ap-northeast-1", region == "ap-northeast-3":
		return []string{"jp", "apac", "global"}
	case region == "ap-southeast-2", region == "ap-southeast-4":
		return []string{"au", "apac", "global"}
	case prefix == "ap":
		return []string{"apac", "global"}
	case slices.Contains([]string{"sa", "mx", "me", "af", "il"}, prefix):
		return []string{"global"}
	}
	return nil
}

// cutGeography takes the geography off a profile id: "us.amazon.nova-lite-v1:0"
// is "us" and "amazon.nova-lite-v1:0". Providers have longer names than the
// geographies that are not listed here.
func cutGeography(id string) (prefix, base string) {
	prefix, base, ok := strings.Cut(id, ".")
	if ok && strings.Contains(base, ".") && (len(prefix) == 2 || slices.Contains([]string{"us-gov", "apac", "global"}, prefix)) {
		return prefix, base
	}
	return "", id
}

// profileIDs are the inference profiles to try for a model in a region. An ARN
// that hides its model has none.
func profileIDs(model, region string) []string {
	if strings.HasPrefix(model, "arn:") {
		if !strings.Contains(model, ":foundation-model/") && !strings.Contains(model, ":inference-profile/") {
			return nil
		}
		model = lastPart(model)
	}
	_, base := cutGeography(model)
	if base == "" || strings.ContainsAny(base, " <>") {
		return nil
	}
	var ids []string
	for _, g := range geographies(region) {
		ids = append(ids, g+"."+base)
	}
	return ids
}

// lastPart is an ARN's resource without its kind, or the id itself.
func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// arnRegion is the region of an ARN, "" when it has none.
func arnRegion(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[3]
	}
	return ""
}
