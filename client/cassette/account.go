package cassette

import (
	"regexp"
	"slices"
	"strings"

	"rawbedrock/client/redact"
)

const accountLen = 12

// accountForms are places where twelve digits are an AWS account id: in an ARN,
// percent-encoded or not, after a name such as bucketOwner or accountId, in the
// name of a bucket and in a host name of AWS.
var accountForms = []func() *regexp.Regexp{
	lazy(`(?i)\barn` + colon + `aws[a-z-]*` + colon + `[a-z0-9.-]*` + colon + `[a-z0-9-]*` + colon + `([0-9]{12})(?:[^0-9]|$)`),
	lazy(`(?i)(?:account|owner)[a-z _-]{0,12}["'\\\]\[ ]{0,4}(?:[:=#]|%3a|%3d)?["'\\\[( ]{0,4}([0-9]{12})(?:[^0-9]|$)`),
	lazy(`(?i)\bs3://(?:[a-z0-9.-]*[a-z.-])?([0-9]{12})(?:[^0-9]|$)`),
	lazy(`(?i)(?:^|[^0-9])([0-9]{12})\.[a-z0-9.-]*(?:amazonaws|aws\.amazon)\.com`),
}

const colon = `(?::|%(?:25)?3a)`

// accountIDs returns the account ids that show in s by where they stand, in
// order; pseudonyms are none.
func accountIDs(s string) (ids []string) {
	if !twelveDigits(s) {
		return nil
	}
	for _, form := range accountForms {
		for _, m := range form().FindAllStringSubmatch(s, -1) {
			if !isPseudonym(m[1]) {
				ids = append(ids, m[1])
			}
		}
	}
	return ids
}

// isPseudonym tells the ids that a recorder makes up: there will not be a
// million accounts in a cassette, and AWS gives out none that low.
func isPseudonym(id string) bool { return strings.HasPrefix(id, "000000") }

// twelveDigits tells whether there are as many digits in a row.
func twelveDigits(s string) bool {
	run := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			run = 0
		} else if run++; run == accountLen {
			return true
		}
	}
	return false
}

// indexDigits returns where a number stands in s, not as part of a longer one.
func indexDigits(s, number string) (at []int) {
	for from := 0; ; {
		i := strings.Index(s[from:], number)
		if i < 0 {
			return at
		}
		i += from
		from = i + len(number)
		if (i == 0 || !isDigit(s[i-1])) && (from == len(s) || !isDigit(s[from])) {
			at = append(at, i)
		}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// accessKeyForm is an access key id: four letters that say of what kind, and
// in practice sixteen more (IAM User Guide, "IAM identifiers").
var (
	accessKeyKinds = []string{"AKIA", "ASIA", "ABIA", "ACCA"}
	accessKeyForm  = lazy(`A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{12,}`)
)

// accessKeys finds access key ids: words of their own, for in base64 anything
// may stand by chance. A word in capitals that begins so is one only when its
// length fits or a digit is in it.
func accessKeys(s string) (spans []redact.Span) {
	if !slices.ContainsFunc(accessKeyKinds, func(kind string) bool { return strings.Contains(s, kind) }) {
		return nil
	}
	for _, m := range accessKeyForm().FindAllStringIndex(s, -1) {
		key := s[m[0]:m[1]]
		if beginsWord(s, m[0]) && (m[1] == len(s) || !isAlnum(s[m[1]])) &&
			(strings.HasPrefix(key, "AKIA") || len(key) == 20 || strings.ContainsAny(key, "0123456789")) {
			spans = append(spans, redact.Span{Start: m[0], End: m[1], What: "access key id"})
		}
	}
	return spans
}

func isAlnum(c byte) bool {
	return isDigit(c) || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// beginsWord tells whether no letter, digit or + stands before s[i:], but for
// the end of an escape.
func beginsWord(s string, i int) bool {
	if i == 0 || !isAlnum(s[i-1]) && s[i-1] != '+' {
		return true
	}
	escape := func(n int, begins string) bool { return i >= n && strings.HasPrefix(s[i-n:], begins) }
	return escape(3, "%") || escape(6, `\u`) || escape(2, `\n`) || escape(2, `\r`) || escape(2, `\t`)
}
