package client

import (
	"errors"
	"strings"
)

// advice is one row of the table of what Bedrock says, what that means and
// what a person should do. A row applies when the code has the meaning when
// (nil: any) and the message holds one of the fragments in has, separated by
// | (lower case, straight apostrophes).
type advice struct {
	when error
	has  string
	is   error               // what it means beyond the code, nil: nothing
	hint string              // {model}, {region} and {endpoint} are filled in
	make func(*Error) string // for a hint that depends on more
}

// finish derives what follows from the other fields: the clock offset that a
// refusal quotes, and the hint.
func (e *Error) finish() {
	if e.Skew == 0 {
		e.Skew = quotedSkew(e.Message)
	}
	e.Hint = e.fill(e.hint())
}

func (e *Error) hint() string {
	if h := causeHint(e); h != "" {
		return h
	}
	if r := e.row(); r != nil {
		if r.make != nil {
			return r.make(e)
		}
		return r.hint
	}
	if e.Code == "" && e.Status == 0 {
		return ""
	}
	if e.foreign() {
		return gatewayHint(e)
	}
	if h := pathHint(e); h != "" && errors.Is(e, ErrValidation) {
		return h
	}
	is := codeMeaning(e.Code, e.Status)
	if is == ErrClockSkew {
		return skewHint(e)
	}
	if h, ok := general[is]; ok {
		return h
	}
	return "This version knows no advice for that error: go by its message, and give the request id to AWS Support if it is not enough."
}

// row is the first row of the table that applies, nil when none does.
func (e *Error) row() *advice {
	if e.Message == "" {
		return nil
	}
	text := fold(e.Message + " " + e.OriginalMessage)
	is := codeMeaning(e.Code, e.Status)
	for i := range table {
		r := &table[i]
		if r.when != nil && !errors.Is(is, r.when) {
			continue
		}
		for fragment := range strings.SplitSeq(r.has, "|") {
			if strings.Contains(text, fragment) {
				return r
			}
		}
	}
	return nil
}

// fold makes messages comparable: lower case, straight apostrophes, single
// spaces.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(s, "’", "'"))), " ")
}

// fill puts what the call was about into a hint.
func (e *Error) fill(hint string) string {
	model, region, endpoint := e.Model, e.Region, e.Endpoint
	if model == "" {
		model = "the model"
	}
	if region == "" {
		region = "this region"
	}
	if endpoint == "" {
		endpoint = "the endpoint"
	}
	hint = strings.NewReplacer("{model}", model, "{region}", region, "{endpoint}", endpoint).Replace(hint)
	if rest, ok := strings.CutPrefix(hint, "the "); ok {
		hint = "The " + rest
	}
	return hint
}

// table is read from the top: what is more special stands first.
var table = []advice{
	// which model
	{has: "with on-demand throughput", is: ErrNeedsInferenceProfile, make: profileHint},
	{has: "support on-demand throughput", is: ErrNeedsInferenceProfile, make: profileHint},
	{has: "provided model identifier is invalid|invalid model identifier", make: modelHint},
	{has: "end of its life", is: ErrEndOfLife, hint: "{model} is retired: choose its successor (`bedrock models` shows the active ones). Asking again never helps."},
	{has: "marked by provider as legacy", is: ErrEndOfLife, hint: "{model} is legacy, and this account has not used it lately, so it stays closed: choose its successor (`bedrock models` shows the active ones)."},
	{has: "use case details have not been submitted", is: ErrUseCaseForm, hint: "Submit Anthropic's use case form once for this account (Bedrock console, model catalog, or PutUseCaseForModelAccess), then wait about 15 minutes."},
	{has: "could not resolve the foundation model|model not found|' does not exist", is: ErrNotFound, make: modelHint},
	{has: "available in this region|available in the region|supported in this region", make: modelHint},
	{has: "guardrail identifier", hint: "No such guardrail in {region}: check its id or ARN, its version (a number or DRAFT), the account and the region."},
	{has: "action doesn't support the model", hint: "{model} has no Converse: call it with InvokeModel (`bedrock invoke`) and its family's own body."},
	{has: "unsupported for streaming|doesn't support streaming|does not support streaming|streaming is not supported", hint: "{model} does not stream: use the operation without Stream (`--no-stream`)."},
	{has: "in streaming mode", hint: "{model} does not do that while it streams: use the operation without Stream (`--no-stream`), or leave that feature out."},

	// who asks
	{has: "aws-marketplace:|aws marketplace", is: ErrAccessDenied, hint: "An administrator must call the model once with aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions allowed, which subscribes the whole account. Wait the minutes that the message names and try again."},
	{has: "is not authorized to perform", is: ErrAccessDenied, make: deniedHint},
	{has: "invalid_payment_instrument|payment instrument", is: ErrAccessDenied, hint: "The account has no payment method that AWS Marketplace accepts: add one in the billing console, wait some minutes and try again."},
	{has: "unsupported countries", is: ErrAccessDenied, hint: "The provider does not serve the place that this account or this machine is in: choose a model of another provider."},
	{has: "have access to the model|model access is denied", is: ErrAccessDenied, hint: "This account may not use {model}: check that GetFoundationModelAvailability says AUTHORIZED and AVAILABLE in {region}, and whether the provider asks for a form or an agreement first."},
	{has: "account is not authorized to invoke|operation not allowed", is: ErrAccessDenied, hint: "AWS restricts this account, not this identity: no IAM policy helps, ask AWS Support to enable Bedrock for it."},
	{has: "bearer token has expired|bearer token is expired|api key has expired|api key is expired", is: ErrExpiredCredentials, hint: "The API key has expired: make a new one (`bedrock token mint`, or the Bedrock console)."},
	{has: "authentication failed|api key is valid|invalid api key|invalid bearer token|api key is invalid", is: ErrBadCredentials, make: keyHint},
	{has: "security token included in the request is expired", is: ErrExpiredCredentials, hint: "The temporary credentials have expired: sign in again or refresh them (`aws sso login`, `aws login`, or a new AssumeRole)."},
	{has: "security token included in the request is invalid", is: ErrBadCredentials, hint: "AWS does not know this access key: look for a missing AWS_SESSION_TOKEN beside temporary keys, stray quotation marks or spaces, a deleted key, or keys of another partition (China, GovCloud). `bedrock auth` shows where they come from."},
	{has: "missing authentication token", is: ErrBadCredentials, hint: "The request reached AWS without credentials: a proxy took the Authorization header away, or authentication is off."},

	// the signature
	{has: "signature expired|signature not yet current", is: ErrClockSkew, make: skewHint},
	{has: "credential should be scoped to|credential must be scoped to", is: ErrBadSignature, make: scopeHint},
	{has: "signature we calculated does not match", is: ErrBadSignature, make: signatureHint},
	{has: "signedheader' in the aws authorization", is: ErrBadSignature, make: signatureHint},

	// quotas
	{when: ErrThrottled, has: "per day|daily", is: ErrDailyQuota, hint: "The account's tokens of this day for {model} are used up: waiting for seconds does not help. Use another model or region, wait until the quota renews, or ask for a higher one in Service Quotas."},
	{when: ErrThrottled, has: "too many tokens", hint: "Too many tokens a minute: lower max tokens, which is reserved in full when a request starts, send less at once, or spread it over an inference profile or another region."},
	{when: ErrThrottled, has: "too many requests|rate exceeded|too many connections", hint: "Too many requests a minute: send fewer at once, wait longer between them, or ask for a higher quota in Service Quotas."},
	{has: "unable to process your request|too many connections", hint: "Bedrock has no capacity left for {model} at the moment, which no quota changes: wait and try again, or use another inference profile or region."},

	// the body
	{has: "malformed input request", make: malformedHint},
	{has: "is blank|content blocks must be non-empty|contain non-whitespace text|content field in the message object", make: emptyHint},
	{has: "thinking.signature|redacted_thinking", make: func(e *Error) string {
		return at(e) + "give a thinking block back as it came, its signature included, or leave the whole block out."
	}},
	{has: "maximum tokens you requested|maximum allowed number of output tokens", make: maxTokensHint},
	{has: "input is too long|prompt is too long|too many input tokens|context length|context window|input length and", hint: "The prompt does not fit {model}: shorten it or leave old messages out. CountTokens tells its length beforehand."},
	{has: "toolresult blocks|tool_result|tool_use ids", make: func(e *Error) string {
		return at(e) + "every toolUse of an answer needs its toolResult, with the same id, in the user message that follows, and no other."
	}},
	{has: "toolconfig field must be defined", hint: "Messages that hold toolUse or toolResult need the toolConfig of the first call sent along again."},
	{has: "must start with a user message|roles must alternate|must alternate", hint: "Messages begin with the user and then alternate between assistant and user: join neighbours of the same role."},
	{has: "field required", make: func(e *Error) string {
		return at(e) + "a field is missing that {model} needs. Claude's own body wants anthropic_version, max_tokens and messages."
	}},
	{has: "failed to satisfy constraint|validation error detected", make: constraintHint},
	{has: "this model doesn't support ", make: unsupportedHint},

	// the path
	{has: "supported on this route|does not support the '/", hint: "{model} is served under another path: bedrock-mantle has /openai/v1 beside /v1, bedrock-runtime has /openai/v1 only, and not every model takes every API."},

	// not from Bedrock
	{has: "the answer is html|" + noBody + "|" + redirects, make: gatewayHint},
}

// general are the hints by the code's meaning, when no row of the table says
// more.
var general = map[error]string{
	ErrThrottled:          "Requests come faster than the account's quota allows: send fewer at once or wait longer between them.",
	ErrQuota:              "A quota of the account is used up: Service Quotas shows which, and takes requests for more.",
	ErrAccessDenied:       "The identity may not do this: check its IAM policies, the organization's policies and whether the model is open to this account in {region}.",
	ErrExpiredCredentials: "The credentials have expired: sign in again or refresh them.",
	ErrBadCredentials:     "AWS does not accept these credentials: `bedrock auth` shows which were taken, and from where.",
	ErrBadSignature:       "The request that AWS saw is not the one that was signed: `bedrock explain` finds the difference.",
	ErrClockSkew:          "The request's date and AWS's clock are more than five minutes apart: set this machine's clock.",
	ErrNotFound:           "Nothing of that name in {region}: check the id or ARN, the account and the region.",
	ErrUseCaseForm:        "Submit Anthropic's use case form once for this account, then wait about 15 minutes.",
	ErrTooLarge:           "The request is too large: shorten the prompt, or send fewer or smaller images and documents.",
	ErrValidation:         "The request is refused as it is, and will be again: change what the message names.",
	ErrConflict:           "The same thing is there already, or in use: look at it first, or use another client request token.",
	ErrModelNotReady:      "An imported or custom model that was idle is loaded again, which takes minutes: try again later.",
	ErrModelTimeout:       "{model} took too long: ask for less output, shorten the prompt, or use the streaming operation.",
	ErrModelError:         "{model} failed while it worked on this: try again once, then change the prompt or the model.",
	ErrUnavailable:        "Bedrock has no capacity at the moment, or a gateway on the way did not reach it: wait and try again, or use another inference profile or region.",
	ErrInternal:           "An error within AWS: try again; if it stays, give the request id to AWS Support.",
	ErrUnknownOperation:   "{endpoint} serves nothing under this path: the / in an ARN must be %2F there, not every host serves every operation, and an endpoint of your own may want a path prefix.",
}
