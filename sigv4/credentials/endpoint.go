package credentials

import "strings"

// stripFIPS reads a region that an old tool wrote as fips-REGION, REGION-fips or
// with -fips- inside, as aws-sdk-go-v2 does.
func stripFIPS(region string) (string, bool) {
	plain := strings.ReplaceAll(region, "-fips-", "-")
	plain = strings.TrimSuffix(strings.TrimPrefix(plain, "fips-"), "-fips")
	return plain, plain != region
}
