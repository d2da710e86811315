package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"rawbedrock/eventstream"
)

const (
	sonnetID   = "anthropic.claude-sonnet-4-20250514-v1:0"
	scpARN     = "arn:aws:organizations::111122223333:policy/o-abc/service_control_policy/p-xyz"
	roleARN    = "arn:aws:sts::111122223333:assumed-role/dev/me"
	profileARN = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us." + sonnetID
)

// messageCases are messages that the service is known to send, what they mean,
// and what a hint must name. The region is us-east-1 unless it is said.
var messageCases = []struct {
	e    Error
	is   []error
	want []string
}{
	{Error{Status: 400, Code: "ValidationException", Model: sonnetID, Message: "Invocation of model ID " + sonnetID + " with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."},
		[]error{ErrValidation, ErrNeedsInferenceProfile}, []string{"us." + sonnetID, "global." + sonnetID}},
	{Error{Status: 400, Code: "ValidationException", Region: "eu-west-3", Message: "Invocation of model ID " + sonnetID + " with on-demand throughput isn't supported. Retry"},
		[]error{ErrNeedsInferenceProfile}, []string{"eu." + sonnetID, "global." + sonnetID}},
	{Error{Status: 400, Code: "ValidationException", Region: "ap-northeast-1", Model: "arn:aws:bedrock:ap-northeast-1::foundation-model/" + sonnetID, Message: "with on-demand throughput isn’t supported"},
		[]error{ErrNeedsInferenceProfile}, []string{"jp." + sonnetID, "apac." + sonnetID, "global." + sonnetID}},
	{Error{Status: 400, Code: "ValidationException", Model: "meta.llama3-2-1b-instruct-v1:0", Region: "us-gov-west-1", Message: "The provided model doesn't support on-demand throughput."},
		[]error{ErrNeedsInferenceProfile}, []string{"us-gov.meta.llama3-2-1b-instruct-v1:0", "inference profile"}},
	{Error{Status: 400, Code: "ValidationException", Model: "us.amazon.nova-lite-v1:0", Region: "eu-central-1", Message: "The provided model identifier is invalid."},
		[]error{ErrValidation}, []string{"eu.amazon.nova-lite-v1:0", "global.amazon.nova-lite-v1:0", "another geography"}},
	{Error{Status: 400, Code: "ValidationException", Model: "arn:aws:bedrock:us-west-2:1:inference-profile/x", Message: "The provided model identifier is invalid."},
		[]error{ErrValidation}, []string{"us-west-2", "us-east-1"}},
	{Error{Status: 400, Code: "ValidationException", Model: "nonsense", Message: "The provided model identifier is invalid."},
		[]error{ErrValidation}, []string{"nonsense", "us-east-1", "spelling"}},
	{Error{Status: 404, Code: "ResourceNotFoundException", Model: "x.y", Message: "Could not resolve the foundation model from the provided model identifier."},
		[]error{ErrNotFound}, []string{"x.y", "us-east-1"}},
	{Error{Status: 404, Code: "ResourceNotFoundException", Message: "Model not found."}, []error{ErrNotFound}, []string{"bedrock models"}},
	{Error{Status: 404, Code: "ResourceNotFoundException", Model: "amazon.titan-text-express-v1", Message: "This model version has reached the end of its life. Please refer to the AWS documentation for more details."},
		[]error{ErrNotFound, ErrEndOfLife}, []string{"amazon.titan-text-express-v1", "successor"}},
	{Error{Status: 404, Code: "ResourceNotFoundException", Message: "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 15 days. Please upgrade to an active model"},
		[]error{ErrNotFound, ErrEndOfLife}, []string{"legacy", "successor"}},
	{Error{Status: 404, Code: "ResourceNotFoundException", Message: "Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model."},
		[]error{ErrNotFound, ErrUseCaseForm}, []string{"form", "15 minutes"}},
	{Error{Status: 403, Code: "AccessDeniedException", Model: "x.y", Message: "You don't have access to the model with the specified model ID."},
		[]error{ErrAccessDenied}, []string{"x.y", "GetFoundationModelAvailability"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this model. Your subscription … try again after 2 minutes"},
		[]error{ErrAccessDenied}, []string{"aws-marketplace:Subscribe", "once"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModel on resource: " + profileARN + " because no identity-based policy allows the bedrock:InvokeModel action"},
		[]error{ErrAccessDenied}, []string{roleARN, "bedrock:InvokeModel", profileARN, "arn:aws:bedrock:*::foundation-model/" + sonnetID, "every destination region"}},
	{Error{Status: 403, Code: "AccessDeniedException", Model: "us." + sonnetID, Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-west-2::foundation-model/" + sonnetID + " because no identity-based policy allows the bedrock:InvokeModel action"},
		[]error{ErrAccessDenied}, []string{"us-west-2", "arn:aws:bedrock:*::foundation-model/" + sonnetID}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:::foundation-model/" + sonnetID + " with an explicit deny in a service control policy: " + scpARN},
		[]error{ErrAccessDenied}, []string{"organization", scpARN, "bedrock:InvokeModel", "arn:aws:bedrock:::foundation-model/" + sonnetID, `"unspecified"`}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModelWithResponseStream on resource: arn:aws:bedrock:us-east-2::foundation-model/" + sonnetID + " with an explicit deny in a service control policy"},
		[]error{ErrAccessDenied}, []string{"organization", "us-east-2", "bedrock:InvokeModelWithResponseStream", "every destination region"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/x with an explicit deny in an identity-based policy"},
		[]error{ErrAccessDenied}, []string{roleARN, "denies", "bedrock:InvokeModel"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/x because no VPC endpoint policy allows the bedrock:InvokeModel action"},
		[]error{ErrAccessDenied}, []string{"VPC endpoint"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:InvokeModel because no permissions boundary allows the bedrock:InvokeModel action"},
		[]error{ErrAccessDenied}, []string{"permissions boundary", "bedrock:InvokeModel"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "User: " + roleARN + " is not authorized to perform: bedrock:CallWithBearerToken on resource: * because no identity-based policy allows the bedrock:CallWithBearerToken action"},
		[]error{ErrAccessDenied}, []string{"bedrock:CallWithBearerToken", "key"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "Your account is not authorized to invoke this API operation."}, []error{ErrAccessDenied}, []string{"AWS Support"}},
	{Error{Status: 403, Code: "AccessDeniedException", KeyRegion: "us-west-2", Message: "Authentication failed: Please make sure your API Key is valid."},
		[]error{ErrBadCredentials, ErrAccessDenied}, []string{"made for us-west-2", "went to us-east-1"}},
	{Error{Status: 403, Code: "AccessDeniedException", KeyRegion: "us-east-1", Message: "Authentication failed: Please make sure your API Key is valid."},
		[]error{ErrBadCredentials}, []string{"expired", "bedrock token inspect"}},
	{Error{Status: 403, Code: "AccessDeniedException", Message: "Bearer Token has expired"}, []error{ErrExpiredCredentials}, []string{"new one"}},
	{Error{Status: 403, Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}, []error{ErrBadCredentials}, []string{"AWS_SESSION_TOKEN", "quotation marks", "partition"}},
	{Error{Status: 403, Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}, []error{ErrExpiredCredentials}, []string{"expired"}},
	{Error{Status: 403, Code: "InvalidSignatureException", Message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."},
		[]error{ErrBadSignature}, []string{"proxy", "encoded once", "bedrock explain"}},
	{Error{Status: 403, Code: "InvalidSignatureException", Message: "Signature expired: 20250130T064508Z is now earlier than 20250210T013411Z (20250210T013911Z - 5 min.)"},
		[]error{ErrClockSkew, ErrBadSignature}, []string{"10 days 18 h behind"}},
	{Error{Status: 403, Code: "InvalidSignatureException", Message: "Signature not yet current: 20250210T014911Z is still later than 20250210T014411Z (20250210T013911Z + 5 min.)"},
		[]error{ErrClockSkew}, []string{"10 min 0 s ahead of"}},
	{Error{Status: 403, Code: "InvalidSignatureException", Skew: 99 * time.Hour, Message: "Signature expired: 20250210T013209Z is now earlier than 20250210T013411Z (20250210T013911Z - 5 min.)"},
		[]error{ErrClockSkew}, []string{"7 min 2 s behind"}},
	{Error{Status: 403, Code: "RequestTimeTooSkewed", Message: "skewed", Skew: -2*time.Hour - time.Minute}, []error{ErrClockSkew}, []string{"2 h 1 min ahead of"}},
	{Error{Status: 400, Code: "RequestExpired", Message: "x"}, []error{ErrClockSkew}, []string{"five minutes"}},
	{Error{Status: 403, Code: "InvalidSignatureException", Message: "Credential should be scoped to a valid region."}, []error{ErrBadSignature}, []string{"us-east-1", "another region"}},
	{Error{Status: 403, Code: "InvalidSignatureException", Message: "Credential should be scoped to correct service: 'bedrock'. "}, []error{ErrBadSignature}, []string{"service is bedrock"}},
	{Error{Status: 429, Code: "ThrottlingException", Message: "Too many requests, please wait before trying again."}, []error{ErrThrottled}, []string{"requests a minute"}},
	{Error{Status: 429, Code: "ThrottlingException", Message: "Too many tokens, please wait before trying again."}, []error{ErrThrottled}, []string{"tokens a minute", "max tokens"}},
	{Error{Status: 429, Code: "ThrottlingException", Message: "Too many tokens per day, please wait before trying again."}, []error{ErrThrottled, ErrDailyQuota}, []string{"day", "Service Quotas"}},
	{Error{Status: 503, Code: "ServiceUnavailableException", Message: "Bedrock is unable to process your request."}, []error{ErrUnavailable}, []string{"capacity"}},
	{Error{Status: 503, Code: "ServiceUnavailableException", Message: "Too many connections, please wait before trying again."}, []error{ErrUnavailable}, []string{"capacity"}},
	{Error{Op: "InvokeModel", Status: 400, Code: "ValidationException", Message: "Malformed input request: #: extraneous key [stream] is not permitted#/messages/0/content/0: required key [text] not found#/max_tokens: expected type: Integer, found: String, please reformat your input and try again."},
		[]error{ErrValidation}, []string{"remove stream", "add messages.0.content.0.text", "max_tokens must be integer, not string", "own family"}},
	{Error{Op: "Converse", Status: 400, Code: "ValidationException", Message: "The model returned the following errors: Malformed input request: #/messages/2/content/0: extraneous key [toolResult] is not permitted, please reformat your input and try again."},
		[]error{ErrValidation}, []string{"remove messages.2.content.0.toolResult"}},
	{Error{Status: 400, Code: "ValidationException", Message: `Malformed input request: #: subject must not be valid against schema {"required":["messages"]}, please reformat your input and try again.`},
		[]error{ErrValidation}, []string{`{"required":["messages"]}`}},
	{Error{Status: 400, Code: "ValidationException", Message: "Malformed input request: 2 schema violations found, please reformat your input and try again."}, []error{ErrValidation}, []string{"family"}},
	{Error{Status: 400, Code: "ValidationException", Message: "The model returned the following errors: messages: text content blocks must be non-empty"}, []error{ErrValidation}, []string{"messages", "white space"}},
	{Error{Status: 400, Code: "ValidationException", Message: "The text field in the ContentBlock object at messages.15.content.0 is blank. Add text to the text field, and try again."}, []error{ErrValidation}, []string{"messages.15.content.0", "white space"}},
	{Error{Status: 400, Code: "ValidationException", Message: "messages: Field required"}, []error{ErrValidation}, []string{"At messages ", "anthropic_version"}},
	{Error{Status: 400, Code: "ValidationException", Message: "messages.1.content.0.thinking.signature: Field required"}, []error{ErrValidation}, []string{"messages.1.content.0.thinking.signature", "signature included"}},
	{Error{Status: 400, Code: "ValidationException", Message: "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096."}, []error{ErrValidation}, []string{"4096", "lower max tokens"}},
	{Error{Status: 400, Code: "ValidationException", Message: "1 validation error detected: Value 'a:b:c' at 'modelId' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn)"}, []error{ErrValidation}, []string{"form of a model id"}},
	{Error{Status: 400, Code: "ValidationException", Message: "1 validation error detected: Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1"}, []error{ErrValidation}, []string{"inferenceConfig.maxTokens", "greater than or equal to 1"}},
	{Error{Status: 400, Code: "ValidationException", Message: "This action doesn't support the model that you provided. Try again with a supported text or chat model."}, []error{ErrValidation}, []string{"Converse", "InvokeModel"}},
	{Error{Status: 400, Code: "ValidationException", Message: "The model is unsupported for streaming."}, []error{ErrValidation}, []string{"--no-stream"}},
	{Error{Status: 400, Code: "ValidationException", Message: "This model doesn't support the s3Uri field. Remove s3Uri and try again."}, []error{ErrValidation}, []string{"s3Uri field"}},
	{Error{Status: 400, Code: "ValidationException", Message: "messages.0.content.1.image.source.base64.data: URL sources are not supported"}, []error{ErrValidation}, []string{"messages.0.content.1.image.source.base64.data"}},
	{Error{Status: 400, Code: "ValidationException", Message: "The value at toolConfig.tools.26.toolSpec.inputSchema.json.type must be one of the following: object."}, []error{ErrValidation}, []string{"toolConfig.tools.26.toolSpec.inputSchema.json.type"}},
	{Error{Status: 400, Code: "ValidationException", Message: "This model doesn't support system prompts. Try again without a system prompt."}, []error{ErrValidation}, []string{"does not take system prompts"}},
	{Error{Status: 400, Code: "ValidationException", Message: "The guardrail identifier or version provided in the request does not exist."}, []error{ErrValidation}, []string{"No such guardrail", "DRAFT"}},
	{Error{Status: 400, Code: "invalid_value", Message: "Invalid 'messages[0].role': want one of user, assistant"}, []error{ErrValidation}, []string{"messages.0.role"}},
	{Error{Status: 404, Code: "ResourceNotFoundException", Model: "eu.x.y", Message: "The model isn't available in this Region."}, []error{ErrNotFound}, []string{"another geography"}},
	{Error{Status: 429, Code: "Too Many Requests", Message: "over the limit", Body: []byte("over the limit")}, []error{ErrThrottled}, []string{"gateway"}},
	{Error{Status: 403, Code: "Forbidden", Message: "blocked", Body: []byte("blocked")}, []error{ErrAccessDenied}, []string{"no answer of Bedrock"}},
	{Error{Code: "BrandNewException", Message: "x"}, nil, []string{"AWS Support"}},
	{Error{Status: 400, Code: "ValidationException", Message: "Input is too long for requested model."}, []error{ErrValidation}, []string{"shorten"}},
	{Error{Status: 400, Code: "ServiceQuotaExceededException", Message: "x"}, []error{ErrQuota}, []string{"Service Quotas"}},
	{Error{Status: 429, Code: "ModelNotReadyException", Message: "Model is not ready for inference."}, []error{ErrModelNotReady}, []string{"minutes"}},
	{Error{Status: 408, Code: "ModelTimeoutException", Message: "x"}, []error{ErrModelTimeout}, []string{"less output"}},
	{Error{Status: 424, Code: "ModelErrorException", Message: "x"}, []error{ErrModelError}, []string{"try again"}},
	{Error{Status: 500, Code: "InternalServerException", Message: "x"}, []error{ErrInternal}, []string{"request id"}},
	{Error{Status: 400, Code: "ConflictException", Message: "x"}, []error{ErrConflict}, []string{"token"}},
	{Error{Status: 413, Code: "RequestEntityTooLarge", Message: "x"}, []error{ErrTooLarge}, []string{"shorten"}},
	{Error{Status: 200, Code: "UnknownOperationException", Endpoint: "https://e"}, []error{ErrUnknownOperation}, []string{"https://e", "%2F"}},
	{Error{Status: 400, Code: "validation_error", Message: "The model 'X' does not support the '/v1/chat/completions' API"}, []error{ErrValidation}, []string{"another path"}},
	{Error{Status: 404, Code: "not_found_error", Message: "model x isn't supported on this route"}, []error{ErrNotFound}, []string{"/openai/v1"}},
	{Error{Status: 407, Code: "Proxy Authentication Required", Message: "the answer is HTML, not JSON: no title"}, nil, []string{"HTTPS_PROXY"}},
	{Error{Status: 413, Code: "Request Entity Too Large", Message: "the answer is HTML, not JSON: no title"}, []error{ErrTooLarge}, []string{"size"}},
	{Error{Status: 504, Code: "Gateway Timeout", Message: "the answer has no body"}, []error{ErrUnavailable}, []string{"gateway"}},
	{Error{Status: 302, Code: "Found", Message: "the answer has no body", Endpoint: "https://e"}, nil, []string{"no answer of Bedrock", "https://e"}},
	{Error{Status: 404, Code: "model_not_found", Endpoint: "https://bedrock-mantle.us-east-1.api.aws", Model: "us.openai.gpt-5.6-terra", Message: "The model 'us.openai.gpt-5.6-terra' does not exist"},
		[]error{ErrNotFound}, []string{"try openai.gpt-5.6-terra"}},
	{Error{Status: 403, Code: "AccessDeniedException", KeyRegion: "us-east-1", Message: "User: " + roleARN + " is not authorized to perform: bedrock:ListFoundationModels because no identity-based policy allows the bedrock:ListFoundationModels action"},
		[]error{ErrAccessDenied}, []string{"bedrock:ListFoundationModels", "inference only"}},
	{Error{Status: 400, Code: "ValidationException", Message: "messages.2: Did not find 1 `tool_result` block(s) at the beginning of this message."}, []error{ErrValidation}, []string{"messages.2", "toolResult"}},
}

func TestHintAndMeaningOfMessages(t *testing.T) {
	for _, c := range messageCases {
		e := c.e
		if e.Region == "" {
			e.Region = "us-east-1"
		}
		e.finish()
		for _, is := range c.is {
			if !errors.Is(&e, is) {
				t.Errorf("%s\nis not %v", e.Message, is)
			}
		}
		for _, want := range append(c.want, ".") {
			if !strings.Contains(e.Hint, want) {
				t.Errorf("%s\nhint %q\nlacks %q", e.Message, e.Hint, want)
			}
		}
		if strings.ContainsAny(e.Hint, "{}\n") && !strings.Contains(e.Message, "{") || strings.Contains(e.Hint, "  ") || strings.Contains(e.Hint, "..") {
			t.Errorf("unclean hint %q", e.Hint)
		}
	}
}

func TestSignatureHintNamesWhatAProxyDid(t *testing.T) {
	quote := func(host, more string) string {
		return "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/model/x/converse\n\nhost:" +
			host + "\n" + more + "x-amz-date:20250921T101604Z\n\nhost;x-amz-date\ne3b0'\n\nThe String-to-Sign should have been\n'AWS4'"
	}
	for _, c := range []struct{ host, more, want string }{
		{"bedrock-runtime.us-east-1.amazonaws.com", "via:1.1 squid\nx-forwarded-for:10.0.0.1\n", "via, x-forwarded-for"},
		{"bedrock-runtime.us-east-1.amazonaws.com", "via:1.1 squid\nno header\n", "bedrock explain"},
		{"bedrock-runtime.us-east-1.amazonaws.com", "", "bedrock explain"},
	} {
		e := &Error{Status: 403, Code: "InvalidSignatureException", Endpoint: "https://bedrock-runtime.us-east-1.amazonaws.com", Message: quote(c.host, c.more)}
		if e.finish(); !strings.Contains(e.Hint, c.want) {
			t.Errorf("hint %q lacks %q", e.Hint, c.want)
		}
	}
}

func TestThrottlingWordsNeedAThrottlingCode(t *testing.T) {
	e := &Error{Status: 400, Code: "ValidationException", Message: "Too many tokens per day of the week in your prompt"}
	if errors.Is(e, ErrThrottled) {
		t.Error("a validation error is throttling")
	}
}

func TestHintOfCause(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		err  error
		want string
	}{
		{context.Canceled, ""},
		{context.DeadlineExceeded, "deadline"},
		{&TimeoutError{Phase: PhaseConnect}, "No connection to https://e"},
		{&TimeoutError{Phase: PhaseFirstEvent}, "Nothing came"},
		{&TimeoutError{Phase: PhaseAnswer}, "Nothing came"},
		{&TimeoutError{Phase: PhaseIdle, Bytes: 3}, "stopped coming"},
		{fmt.Errorf("%w: x", ErrNoCredentials), "bedrock auth"},
		{&eventstream.FormatError{Err: eventstream.ErrMessageChecksum}, "eventstream lint"},
		{fmt.Errorf("%w: cut", ErrIncompleteStream), "not the whole"},
		{ErrTooLarge, "limit"},
		{dial(&net.DNSError{Name: "bedrock-runtime.us-est-1.amazonaws.com", IsNotFound: true}), "bedrock-runtime.us-est-1.amazonaws.com"},
		{&tls.CertificateVerificationError{Err: errors.New("x")}, "AWS_CA_BUNDLE"},
		{tls.RecordHeaderError{Msg: "x"}, "http://"},
		{errors.New("http: server gave HTTP response to HTTPS client"), "http://"},
		{&proxyError{"p:1", 407}, "wants a login"},
		{&proxyError{"p:1", 403}, "does not let"},
		{errors.New("net/http: HTTP/1.x transport connection broken: x"), "does not speak HTTP"},
		{odd("chunk 1: %w", io.EOF), "no sound event stream"},
		{checkEncoding(http.Header{"Content-Encoding": {"br"}}), "compresses"},
		{&net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, "proxy cannot be reached"},
		{dial(syscall.ECONNREFUSED), "Nobody listens at https://e"},
		{dial(syscall.ENETUNREACH), "No connection to https://e"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "closed"},
		{&net.OpError{Op: "read", Err: syscall.ETIMEDOUT}, "closed"},
		{&net.OpError{Op: "write", Err: net.ErrClosed}, "closed"},
		{io.ErrUnexpectedEOF, "closed"},
		{errors.New("something else"), ""},
	} {
		e := &Error{Endpoint: "https://e", Region: "us-est-1", Err: c.err}
		e.finish()
		if strings.Contains(e.Hint, "{") || !strings.Contains(e.Hint, c.want) || (c.want == "") != (e.Hint == "") {
			t.Errorf("%v: hint %q, want %q in it", c.err, e.Hint, c.want)
		}
	}
}

func TestHintOfAnErrorThatWasThereBeforeTheCancel(t *testing.T) {
	e := &Error{Status: 503, Code: "ServiceUnavailableException", Message: "x", Err: context.Canceled}
	if e.finish(); e.Hint == "" || !errors.Is(e, ErrUnavailable) || !errors.Is(e, context.Canceled) {
		t.Errorf("%v: hint %q", e, e.Hint)
	}
}

func TestProfileIDs(t *testing.T) {
	for _, c := range []struct{ model, region, want string }{
		{"amazon.nova-lite-v1:0", "us-west-2", "us.amazon.nova-lite-v1:0 global.amazon.nova-lite-v1:0"},
		{"apac.amazon.nova-lite-v1:0", "eu-north-1", "eu.amazon.nova-lite-v1:0 global.amazon.nova-lite-v1:0"},
		{"openai.gpt-5.6-sol", "sa-east-1", "global.openai.gpt-5.6-sol"},
		{"zai.glm-4.7", "ap-southeast-2", "au.zai.glm-4.7 apac.zai.glm-4.7 global.zai.glm-4.7"},
		{"deepseek.v3.2", "us-gov-east-1", "us-gov.deepseek.v3.2"},
		{"arn:aws:bedrock:us-east-1:1:inference-profile/us.x.y", "us-east-1", "us.x.y global.x.y"},
		{"arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "us-east-1", ""},
		{"arn:aws:bedrock:us-east-1:1:provisioned-model/abc", "us-east-1", ""},
		{"x.y", "us-iso-east-1", ""}, {"x.y", "cn-north-1", ""}, {"x.y", "", ""}, {"", "us-east-1", ""},
	} {
		if got := strings.Join(profileIDs(c.model, c.region), " "); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.model, c.region, got, c.want)
		}
	}
}
