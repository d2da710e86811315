package client

// Guardrails: what they look at and what they found. Source: the Amazon
// Bedrock API reference, ApplyGuardrail, InvokeGuardrailChecks and the data
// types whose names begin with Guardrail. Values of fields are upper case
// unless said otherwise.

// GuardrailContent is content for a guardrail: exactly one member is set (data
// types GuardrailContentBlock, GuardrailConverseContentBlock).
type GuardrailContent struct {
	Text  *GuardrailText  `json:"text,omitempty"`
	Image *GuardrailImage `json:"image,omitempty"`
	Extra Extra           `json:"-" client:"union"`
}

// GuardrailText is text for a guardrail (data types GuardrailTextBlock,
// GuardrailConverseTextBlock).
type GuardrailText struct {
	Text       string   `json:"text"`
	Qualifiers []string `json:"qualifiers,omitempty"` // grounding_source, query, guard_content
	Extra      Extra    `json:"-"`
}

// GuardrailImage is an image for a guardrail (data types GuardrailImageBlock,
// GuardrailConverseImageBlock).
type GuardrailImage struct {
	Format string      `json:"format"` // png or jpeg
	Source MediaSource `json:"source"` // bytes only
	Extra  Extra       `json:"-"`
}

// GuardrailTrace is what a guardrail did during Converse (data type
// GuardrailTraceAssessment).
type GuardrailTrace struct {
	ModelOutput       []string                         `json:"modelOutput,omitempty"`       // before the guardrail changed it
	InputAssessment   map[string]GuardrailAssessment   `json:"inputAssessment,omitempty"`   // by guardrail id
	OutputAssessments map[string][]GuardrailAssessment `json:"outputAssessments,omitempty"` // by guardrail id
	ActionReason      string                           `json:"actionReason,omitempty"`
	Extra             Extra                            `json:"-"`
}

// GuardrailAssessment is what the policies of a guardrail found (data type
// GuardrailAssessment).
type GuardrailAssessment struct {
	TopicPolicy                *TopicAssessment     `json:"topicPolicy,omitempty"`
	ContentPolicy              *ContentAssessment   `json:"contentPolicy,omitempty"`
	WordPolicy                 *WordAssessment      `json:"wordPolicy,omitempty"`
	SensitiveInformationPolicy *SensitiveAssessment `json:"sensitiveInformationPolicy,omitempty"`
	ContextualGroundingPolicy  *GroundingAssessment `json:"contextualGroundingPolicy,omitempty"`
	AutomatedReasoningPolicy   *ReasoningAssessment `json:"automatedReasoningPolicy,omitempty"`
	InvocationMetrics          *GuardrailMetrics    `json:"invocationMetrics,omitempty"`
	AppliedGuardrailDetails    *AppliedGuardrail    `json:"appliedGuardrailDetails,omitempty"`
	Extra                      Extra                `json:"-"`
}

// TopicAssessment lists denied topics (data type
// GuardrailTopicPolicyAssessment).
type TopicAssessment struct {
	Topics []GuardrailTopic `json:"topics"`
	Extra  Extra            `json:"-"`
}

// GuardrailTopic is a denied topic (data type GuardrailTopic).
type GuardrailTopic struct {
	Name     string `json:"name"`
	Type     string `json:"type"`   // DENY
	Action   string `json:"action"` // BLOCKED or NONE
	Detected bool   `json:"detected,omitempty"`
	Extra    Extra  `json:"-"`
}

// ContentAssessment lists the filters that saw harmful content (data type
// GuardrailContentPolicyAssessment).
type ContentAssessment struct {
	Filters []ContentFilter `json:"filters"`
	Extra   Extra           `json:"-"`
}

// ContentFilter is one such filter (data type GuardrailContentFilter).
type ContentFilter struct {
	Type           string `json:"type"`                     // INSULTS, HATE, SEXUAL, VIOLENCE, MISCONDUCT or PROMPT_ATTACK
	Confidence     string `json:"confidence"`               // NONE, LOW, MEDIUM or HIGH
	FilterStrength string `json:"filterStrength,omitempty"` // as configured: NONE, LOW, MEDIUM or HIGH
	Action         string `json:"action"`                   // BLOCKED or NONE
	Detected       bool   `json:"detected,omitempty"`
	Extra          Extra  `json:"-"`
}

// WordAssessment lists forbidden words (data type
// GuardrailWordPolicyAssessment).
type WordAssessment struct {
	CustomWords      []GuardrailWord `json:"customWords"`
	ManagedWordLists []GuardrailWord `json:"managedWordLists"`
	Extra            Extra           `json:"-"`
}

// GuardrailWord is a forbidden word (data types GuardrailCustomWord,
// GuardrailManagedWord).
type GuardrailWord struct {
	Match    string `json:"match"`
	Type     string `json:"type,omitempty"` // PROFANITY, of managed lists
	Action   string `json:"action"`         // BLOCKED or NONE
	Detected bool   `json:"detected,omitempty"`
	Extra    Extra  `json:"-"`
}

// SensitiveAssessment lists personal data (data type
// GuardrailSensitiveInformationPolicyAssessment).
type SensitiveAssessment struct {
	PIIEntities []PIIEntity      `json:"piiEntities"`
	Regexes     []GuardrailRegex `json:"regexes"`
	Extra       Extra            `json:"-"`
}

// PIIEntity is personal data of a known kind (data type
// GuardrailPiiEntityFilter).
type PIIEntity struct {
	Match    string `json:"match"`
	Type     string `json:"type"`   // EMAIL, PHONE, NAME and others
	Action   string `json:"action"` // ANONYMIZED, BLOCKED or NONE
	Detected bool   `json:"detected,omitempty"`
	Extra    Extra  `json:"-"`
}

// GuardrailRegex is data that a regular expression found (data type
// GuardrailRegexFilter).
type GuardrailRegex struct {
	Name     string `json:"name,omitempty"`
	Match    string `json:"match,omitempty"`
	Regex    string `json:"regex,omitempty"`
	Action   string `json:"action"` // ANONYMIZED, BLOCKED or NONE
	Detected bool   `json:"detected,omitempty"`
	Extra    Extra  `json:"-"`
}

// GroundingAssessment tells if the answer rests on its source (data type
// GuardrailContextualGroundingPolicyAssessment).
type GroundingAssessment struct {
	Filters []GroundingFilter `json:"filters,omitempty"`
	Extra   Extra             `json:"-"`
}

// GroundingFilter is one such measure (data type
// GuardrailContextualGroundingFilter).
type GroundingFilter struct {
	Type      string  `json:"type"`      // GROUNDING or RELEVANCE
	Threshold float64 `json:"threshold"` // 0 to 1
	Score     float64 `json:"score"`     // 0 to 1; below the threshold is blocked
	Action    string  `json:"action"`    // BLOCKED or NONE
	Detected  bool    `json:"detected,omitempty"`
	Extra     Extra   `json:"-"`
}

// GuardrailMetrics are measures of a guardrail's run (data type
// GuardrailInvocationMetrics).
type GuardrailMetrics struct {
	GuardrailProcessingLatency int64              `json:"guardrailProcessingLatency,omitempty"` // milliseconds
	Usage                      *GuardrailUsage    `json:"usage,omitempty"`
	GuardrailCoverage          *GuardrailCoverage `json:"guardrailCoverage,omitempty"`
	Extra                      Extra              `json:"-"`
}

// GuardrailUsage counts what is billed, in units of a policy: text units of up
// to 1000 characters, or images (data type GuardrailUsage).
type GuardrailUsage struct {
	TopicPolicyUnits                    int   `json:"topicPolicyUnits"`
	ContentPolicyUnits                  int   `json:"contentPolicyUnits"`
	WordPolicyUnits                     int   `json:"wordPolicyUnits"`
	SensitiveInformationPolicyUnits     int   `json:"sensitiveInformationPolicyUnits"`
	SensitiveInformationPolicyFreeUnits int   `json:"sensitiveInformationPolicyFreeUnits"`
	ContextualGroundingPolicyUnits      int   `json:"contextualGroundingPolicyUnits"`
	ContentPolicyImageUnits             int   `json:"contentPolicyImageUnits,omitempty"`
	AutomatedReasoningPolicyUnits       int   `json:"automatedReasoningPolicyUnits,omitempty"`
	AutomatedReasoningPolicies          int   `json:"automatedReasoningPolicies,omitempty"`
	Extra                               Extra `json:"-"`
}

// GuardrailCoverage tells how much of the content was looked at (data type
// GuardrailCoverage).
type GuardrailCoverage struct {
	TextCharacters *Coverage `json:"textCharacters,omitempty"`
	Images         *Coverage `json:"images,omitempty"`
	Extra          Extra     `json:"-"`
}

// Coverage counts characters or images (data types
// GuardrailTextCharactersCoverage, GuardrailImageCoverage).
type Coverage struct {
	Guarded int   `json:"guarded"`
	Total   int   `json:"total"`
	Extra   Extra `json:"-"`
}

// AppliedGuardrail names a guardrail that ran (data type
// AppliedGuardrailDetails).
type AppliedGuardrail struct {
	GuardrailID        string   `json:"guardrailId,omitempty"`
	GuardrailVersion   string   `json:"guardrailVersion,omitempty"`
	GuardrailARN       string   `json:"guardrailArn,omitempty"`
	GuardrailOrigin    []string `json:"guardrailOrigin,omitempty"`    // REQUEST, ACCOUNT_ENFORCED, ORGANIZATION_ENFORCED
	GuardrailOwnership string   `json:"guardrailOwnership,omitempty"` // SELF or CROSS_ACCOUNT
	Extra              Extra    `json:"-"`
}
