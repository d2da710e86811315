package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
)

// shape is an error that AWS's models name: its HTTP status and its meaning.
type shape struct {
	status int
	is     error
}

// shapes are the errors by name, folded as foldCode does. Statuses are those
// of the service models and of the common errors page of the API references;
// the names below the second gap are those of the OpenAI and Anthropic APIs.
var shapes = map[string]shape{
	"accessdenied":         {403, ErrAccessDenied},
	"conflict":             {400, ErrConflict},
	"internalserver":       {500, ErrInternal},
	"model":                {424, ErrModelError},
	"modelnotready":        {429, ErrModelNotReady},
	"modelstream":          {424, ErrModelError},
	"modeltimeout":         {408, ErrModelTimeout},
	"resourceinuse":        {400, ErrConflict},
	"resourcenotfound":     {404, ErrNotFound},
	"servicequotaexceeded": {400, ErrQuota},
	"serviceunavailable":   {503, ErrUnavailable},
	"toomanytags":          {400, ErrValidation},
	"validation":           {400, ErrValidation},

	"authfailure":                {401, ErrBadCredentials},
	"expiredtoken":               {403, ErrExpiredCredentials},
	"ftuformnotfilled":           {404, ErrUseCaseForm},
	"incompletesignature":        {400, ErrBadSignature},
	"internalfailure":            {500, ErrInternal},
	"invalidclienttokenid":       {403, ErrBadCredentials},
	"invalidsignature":           {403, ErrBadSignature},
	"malformedhttprequest":       {400, ErrValidation},
	"missingauthenticationtoken": {403, ErrBadCredentials},
	"notauthorized":              {401, ErrAccessDenied},
	"optinrequired":              {403, ErrAccessDenied},
	"requestaborted":             {400, ErrUnavailable},
	"requestentitytoolarge":      {413, ErrTooLarge},
	"requestexpired":             {400, ErrClockSkew},
	"requestinthefuture":         {403, ErrClockSkew},
	"requesttimeout":             {408, ErrUnavailable},
	"requesttimetooskewed":       {403, ErrClockSkew},
	"signaturedoesnotmatch":      {403, ErrBadSignature},
	"tokenrefreshrequired":       {403, ErrExpiredCredentials},
	"unknownoperation":           {404, ErrUnknownOperation},
	"unrecognizedclient":         {403, ErrBadCredentials},

	"api":                   {500, ErrInternal},
	"authentication":        {401, ErrBadCredentials},
	"billing":               {400, ErrQuota},
	"contextlengthexceeded": {400, ErrValidation},
	"insufficientquota":     {429, ErrQuota},
	"internal":              {500, ErrInternal},
	"invalidapikey":         {401, ErrBadCredentials},
	"invalidrequest":        {400, ErrValidation},
	"modelnotfound":         {404, ErrNotFound},
	"notfound":              {404, ErrNotFound},
	"overloaded":            {503, ErrUnavailable},
	"permission":            {403, ErrAccessDenied},
	"permissiondenied":      {403, ErrAccessDenied},
	"ratelimit":             {429, ErrThrottled},
	"ratelimitexceeded":     {429, ErrThrottled},
	"requesttoolarge":       {413, ErrTooLarge},
	"server":                {500, ErrInternal},
	"timeout":               {408, ErrModelTimeout},
	"tokens":                {429, ErrThrottled},
}

// throttleCodes are the codes that the AWS SDKs call throttling, folded.
var throttleCodes = []string{
	"bandwidthlimitexceeded", "ec2throttled", "limitexceeded", "priorrequestnotcomplete",
	"provisionedthroughputexceeded", "requestlimitexceeded", "requestthrottled", "slowdown",
	"throttled", "throttling", "toomanyrequests", "transactioninprogress",
}

func init() {
	for _, c := range throttleCodes {
		shapes[c] = shape{429, ErrThrottled}
	}
}

// foldCode makes one name of the spellings of a code: ThrottlingException and
// Throttling, rate_limit_error and RateLimitError.
func foldCode(code string) string {
	code = strings.ToLower(strings.ReplaceAll(code, "_", ""))
	code = strings.TrimSuffix(code, "exception")
	return strings.TrimSuffix(code, "error")
}

// statuses are the meanings of an HTTP status that came with no known code.
var statuses = map[int]error{
	http.StatusBadRequest:            ErrValidation,
	http.StatusUnauthorized:          ErrBadCredentials,
	http.StatusForbidden:             ErrAccessDenied,
	http.StatusNotFound:              ErrNotFound,
	http.StatusRequestTimeout:        ErrModelTimeout,
	http.StatusRequestEntityTooLarge: ErrTooLarge,
	http.StatusFailedDependency:      ErrModelError,
	http.StatusTooManyRequests:       ErrThrottled,
	http.StatusInternalServerError:   ErrInternal,
	http.StatusBadGateway:            ErrUnavailable,
	http.StatusServiceUnavailable:    ErrUnavailable,
	http.StatusGatewayTimeout:        ErrUnavailable,
}

// codeMeaning is the meaning of a code, or of the status when the code is
// unknown.
func codeMeaning(code string, status int) error {
	if s, ok := shapes[foldCode(code)]; ok {
		return s.is
	}
	return statuses[status]
}

// kind is what a retry needs to know of an error.
type kind int

const (
	kindNever     kind = iota // the same request gets the same answer
	kindThrottle              // wait longer
	kindTransient             // the service or the connection failed
	kindExpired               // once more with fresh credentials
	kindSkew                  // once more if the measured clock offset explains it
	kindTimeout               // a wait of ours ran out: the request may be at work, and billed
)

// skewCodes are the codes that a wrong clock may cause, folded.
var skewCodes = []string{
	"accessdenied", "authfailure", "invalidsignature", "requestexpired",
	"requestinthefuture", "requesttimetooskewed", "signaturedoesnotmatch",
}

// classify puts an error into the classes of the AWS SDKs' standard retry
// mode. A bare 429 without a known code is not throttling there, nor here.
func classify(e *Error) kind {
	code := foldCode(e.Code)
	switch {
	case errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded):
		return kindNever
	case e.Code == "" && e.Status == 0:
		return classifyCause(e.Err)
	case errors.Is(e, ErrDailyQuota), errors.Is(e, ErrEndOfLife):
		return kindNever
	case errors.Is(e, ErrExpiredCredentials):
		return kindExpired
	case errors.Is(e, ErrClockSkew), slices.Contains(skewCodes, code):
		return kindSkew
	case shapes[code].is == ErrThrottled && !e.guessed:
		return kindThrottle
	case errors.Is(e, ErrModelNotReady), code == "requesttimeout":
		return kindTransient
	}
	status := e.Status
	if status == 0 { // an exception frame: its shape's status
		status = shapes[code].status
	}
	switch status {
	case 500, 502, 503, 504:
		return kindTransient
	}
	return kindNever
}

// classifyCause judges what kept an answer from coming: as in the AWS SDKs, a
// failure to send or to receive is worth another try, but for what stays so: a
// name that does not exist, a certificate that is not trusted, a proxy that
// wants a password, and whatever this client itself refused to send.
func classifyCause(err error) kind {
	switch {
	case err == nil, errors.Is(err, ErrNoCredentials), errors.Is(err, ErrValidation), errors.Is(err, ErrIncompleteStream), errors.Is(err, ErrTooLarge),
		errors.Is(err, errRefused), permanent(err), !retryable(err):
		return kindNever
	case errors.Is(err, ErrTimeout):
		return kindTimeout
	}
	return kindTransient
}

// retryable asks a layer below that may know better: a replay does, when a
// request was never recorded.
func retryable(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err)
	return !ok || e.Retryable()
}

func permanent(err error) bool {
	if refused, ok := errors.AsType[*proxyError](err); ok {
		return refused.status/100 != 5
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	text := err.Error() // net/http has no types for these
	for _, s := range []string{"unsupported protocol scheme", "invalid header field", "malformed HTTP", "server gave HTTP response to HTTPS client"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}
