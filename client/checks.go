package client

// ApplyGuardrailRequest runs a guardrail without a model (API reference,
// ApplyGuardrail).
type ApplyGuardrailRequest struct {
	GuardrailIdentifier string `json:"-"` // id or ARN; goes into the path
	GuardrailVersion    string `json:"-"` // a number or DRAFT; goes into the path

	Source      string             `json:"source"` // INPUT: a prompt, OUTPUT: an answer
	Content     []GuardrailContent `json:"content"`
	OutputScope string             `json:"outputScope,omitempty"` // INTERVENTIONS, or FULL for all that was looked at
	Extra       Extra              `json:"-"`
}

// ApplyGuardrailResponse is what the guardrail did.
type ApplyGuardrailResponse struct {
	Usage             GuardrailUsage        `json:"usage"`
	Action            string                `json:"action"` // NONE or GUARDRAIL_INTERVENED
	ActionReason      string                `json:"actionReason,omitempty"`
	Outputs           []TextItem            `json:"outputs"` // what to show instead
	Assessments       []GuardrailAssessment `json:"assessments"`
	GuardrailCoverage *GuardrailCoverage    `json:"guardrailCoverage,omitempty"`
	Extra             Extra                 `json:"-"`
}

// GuardrailChecksRequest runs checks without a guardrail of one's own (API
// reference, InvokeGuardrailChecks).
type GuardrailChecksRequest struct {
	Checks   GuardrailChecks          `json:"checks"`
	Messages []GuardrailChecksMessage `json:"messages"`
	Extra    Extra                    `json:"-"`
}

// GuardrailChecks are the checks to run (data type GuardrailChecksConfig).
type GuardrailChecks struct {
	ContentFilter        *CheckCategories `json:"contentFilter,omitempty"` // VIOLENCE, HATE, SEXUAL, MISCONDUCT, INSULTS
	PromptAttack         *CheckCategories `json:"promptAttack,omitempty"`  // JAILBREAK, PROMPT_INJECTION, PROMPT_LEAKAGE
	SensitiveInformation *CheckEntities   `json:"sensitiveInformation,omitempty"`
	Extra                Extra            `json:"-"`
}

// CheckCategories are the categories to look for (data types
// GuardrailChecksContentFilterConfig, GuardrailChecksPromptAttackConfig).
type CheckCategories struct {
	Categories []CheckCategory `json:"categories"`
	Extra      Extra           `json:"-"`
}

// CheckCategory is one category (data types
// GuardrailChecksContentFilterCategoryConfig,
// GuardrailChecksPromptAttackCategoryConfig).
type CheckCategory struct {
	Category string `json:"category"`
	Extra    Extra  `json:"-"`
}

// CheckEntities are the kinds of personal data to look for (data type
// GuardrailChecksSensitiveInformationConfig).
type CheckEntities struct {
	Entities []CheckEntity `json:"entities"`
	Extra    Extra         `json:"-"`
}

// CheckEntity is one kind (data type
// GuardrailChecksSensitiveInformationEntityConfig).
type CheckEntity struct {
	Type  string `json:"type"` // EMAIL, PHONE, NAME and others
	Extra Extra  `json:"-"`
}

// GuardrailChecksMessage is a message to check (data type
// GuardrailChecksMessage).
type GuardrailChecksMessage struct {
	Role    string     `json:"role"` // user, assistant or system
	Content []TextItem `json:"content"`
	Extra   Extra      `json:"-"`
}

// GuardrailChecksResponse is what the checks found.
type GuardrailChecksResponse struct {
	Results GuardrailChecksResults `json:"results"`
	Usage   GuardrailChecksUsage   `json:"usage"`
	Extra   Extra                  `json:"-"`
}

// GuardrailChecksResults are the findings by check (data type
// GuardrailChecksResults).
type GuardrailChecksResults struct {
	ContentFilter        *CheckSeverities `json:"contentFilter,omitempty"`
	PromptAttack         *CheckSeverities `json:"promptAttack,omitempty"`
	SensitiveInformation *CheckFindings   `json:"sensitiveInformation,omitempty"`
	Extra                Extra            `json:"-"`
}

// CheckSeverities is the result of a check by category (data types
// GuardrailChecksContentFilterResult, GuardrailChecksPromptAttackResult).
type CheckSeverities struct {
	Results []CheckSeverity `json:"results"`
	Extra   Extra           `json:"-"`
}

// CheckSeverity is the score of a category (data types
// GuardrailChecksContentFilterResultEntry,
// GuardrailChecksPromptAttackResultEntry).
type CheckSeverity struct {
	Category      string  `json:"category"`
	SeverityScore float64 `json:"severityScore"` // 0 to 1
	Extra         Extra   `json:"-"`
}

// CheckFindings lists personal data (data type
// GuardrailChecksSensitiveInformationResult).
type CheckFindings struct {
	Results   []CheckFinding `json:"results"`
	Truncated bool           `json:"truncated,omitempty"` // there is more
	Extra     Extra          `json:"-"`
}

// CheckFinding is one piece of personal data (data type
// GuardrailChecksSensitiveInformationResultEntry).
type CheckFinding struct {
	BeginOffset     int     `json:"beginOffset"`
	EndOffset       int     `json:"endOffset"`
	ConfidenceScore float64 `json:"confidenceScore"` // 0 to 1
	ContentIndex    int     `json:"contentIndex"`    // of the block in its message, from 0
	MessageIndex    int     `json:"messageIndex"`    // from 0
	Type            string  `json:"type"`
	Extra           Extra   `json:"-"`
}

// GuardrailChecksUsage counts what is billed by check (data type
// GuardrailChecksUsageResults).
type GuardrailChecksUsage struct {
	ContentFilter        *CheckUsage `json:"contentFilter,omitempty"`
	PromptAttack         *CheckUsage `json:"promptAttack,omitempty"`
	SensitiveInformation *CheckUsage `json:"sensitiveInformation,omitempty"`
	Extra                Extra       `json:"-"`
}

// CheckUsage counts text units of up to 1000 characters (data types
// GuardrailChecksContentFilterUsage and its like).
type CheckUsage struct {
	TextUnits int   `json:"textUnits"`
	Extra     Extra `json:"-"`
}
