package client

// The findings of a guardrail's automated reasoning policy. Source: the Amazon
// Bedrock API reference, the data types whose names begin with
// GuardrailAutomatedReasoning.

// ReasoningAssessment lists what automated reasoning found (data type
// GuardrailAutomatedReasoningPolicyAssessment).
type ReasoningAssessment struct {
	Findings []ReasoningFinding `json:"findings,omitempty"`
	Extra    Extra              `json:"-"`
}

// ReasoningFinding is one finding: exactly one member is set (data type
// GuardrailAutomatedReasoningFinding).
type ReasoningFinding struct {
	Valid                *ReasoningVerdict   `json:"valid,omitempty"`
	Invalid              *ReasoningVerdict   `json:"invalid,omitempty"`
	Satisfiable          *ReasoningVerdict   `json:"satisfiable,omitempty"`
	Impossible           *ReasoningVerdict   `json:"impossible,omitempty"`
	TranslationAmbiguous *ReasoningAmbiguity `json:"translationAmbiguous,omitempty"`
	TooComplex           *Empty              `json:"tooComplex,omitempty"`
	NoTranslations       *Empty              `json:"noTranslations,omitempty"`
	Extra                Extra               `json:"-" client:"union"`
}

// ReasoningVerdict is how claims stand to the policy (data types
// GuardrailAutomatedReasoningValidFinding, …InvalidFinding,
// …SatisfiableFinding, …ImpossibleFinding). Which members are set depends on
// the kind of finding.
type ReasoningVerdict struct {
	Translation         *ReasoningTranslation `json:"translation,omitempty"`
	ClaimsTrueScenario  *ReasoningScenario    `json:"claimsTrueScenario,omitempty"`  // valid, satisfiable
	ClaimsFalseScenario *ReasoningScenario    `json:"claimsFalseScenario,omitempty"` // satisfiable
	SupportingRules     []ReasoningRule       `json:"supportingRules,omitempty"`     // valid
	ContradictingRules  []ReasoningRule       `json:"contradictingRules,omitempty"`  // invalid, impossible
	LogicWarning        *ReasoningWarning     `json:"logicWarning,omitempty"`
	Extra               Extra                 `json:"-"`
}

// ReasoningTranslation is text put into logic (data type
// GuardrailAutomatedReasoningTranslation).
type ReasoningTranslation struct {
	Premises             []ReasoningStatement `json:"premises,omitempty"`
	Claims               []ReasoningStatement `json:"claims,omitempty"`
	UntranslatedPremises []TextItem           `json:"untranslatedPremises,omitempty"`
	UntranslatedClaims   []TextItem           `json:"untranslatedClaims,omitempty"`
	Confidence           float64              `json:"confidence,omitempty"` // 0 to 1
	Extra                Extra                `json:"-"`
}

// ReasoningStatement is a statement in logic and in words (data type
// GuardrailAutomatedReasoningStatement).
type ReasoningStatement struct {
	Logic           string `json:"logic,omitempty"`
	NaturalLanguage string `json:"naturalLanguage,omitempty"`
	Extra           Extra  `json:"-"`
}

// ReasoningScenario is a case in which claims hold or fail (data type
// GuardrailAutomatedReasoningScenario).
type ReasoningScenario struct {
	Statements []ReasoningStatement `json:"statements,omitempty"`
	Extra      Extra                `json:"-"`
}

// ReasoningRule is a rule of the policy (data type
// GuardrailAutomatedReasoningRule).
type ReasoningRule struct {
	Identifier       string `json:"identifier,omitempty"` // 12 letters and digits
	PolicyVersionARN string `json:"policyVersionArn,omitempty"`
	Extra            Extra  `json:"-"`
}

// ReasoningWarning is a fault of the translated text itself (data type
// GuardrailAutomatedReasoningLogicWarning).
type ReasoningWarning struct {
	Type     string               `json:"type,omitempty"` // ALWAYS_FALSE or ALWAYS_TRUE
	Premises []ReasoningStatement `json:"premises,omitempty"`
	Claims   []ReasoningStatement `json:"claims,omitempty"`
	Extra    Extra                `json:"-"`
}

// ReasoningAmbiguity is text that can be put into logic in several ways (data
// type GuardrailAutomatedReasoningTranslationAmbiguousFinding).
type ReasoningAmbiguity struct {
	Options             []ReasoningOption   `json:"options,omitempty"`             // at most 2
	DifferenceScenarios []ReasoningScenario `json:"differenceScenarios,omitempty"` // at most 2
	Extra               Extra               `json:"-"`
}

// ReasoningOption is one such way (data type
// GuardrailAutomatedReasoningTranslationOption).
type ReasoningOption struct {
	Translations []ReasoningTranslation `json:"translations,omitempty"`
	Extra        Extra                  `json:"-"`
}
