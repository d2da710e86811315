package client

import (
	"encoding/json"
	"time"
)

// CountTokensRequest counts the tokens of a request, free of charge (API
// reference, CountTokens).
type CountTokensRequest struct {
	ModelID string `json:"-"` // at most 256 characters; goes into the path

	Input CountTokensInput `json:"input"`
	Extra Extra            `json:"-"`
}

// CountTokensInput is the request to count: exactly one member is set (data
// type CountTokensInput).
type CountTokensInput struct {
	InvokeModel *InvokeModelTokens `json:"invokeModel,omitempty"`
	Converse    *ConverseTokens    `json:"converse,omitempty"`
	Extra       Extra              `json:"-" client:"union"`
}

// InvokeModelTokens is the body of an InvokeModel request (data type
// InvokeModelTokensRequest).
type InvokeModelTokens struct {
	Body  []byte `json:"body"` // as InvokeModel takes it; base64 on the wire; at most 25 MB
	Extra Extra  `json:"-"`
}

// ConverseTokens are the parts of a ConverseRequest that hold tokens (data
// type ConverseTokensRequest).
type ConverseTokens struct {
	Messages                     []Message       `json:"messages,omitempty"`
	System                       []SystemBlock   `json:"system,omitempty"`
	ToolConfig                   *ToolConfig     `json:"toolConfig,omitempty"`
	AdditionalModelRequestFields json.RawMessage `json:"additionalModelRequestFields,omitempty"`
	Extra                        Extra           `json:"-"`
}

// CountTokensResponse is the number of tokens.
type CountTokensResponse struct {
	InputTokens int   `json:"inputTokens"`
	Extra       Extra `json:"-"`
}

// CountTokens is the request that counts the tokens of r.
func (r *ConverseRequest) CountTokens() *CountTokensRequest {
	return &CountTokensRequest{ModelID: r.ModelID, Input: CountTokensInput{Converse: &ConverseTokens{
		Messages: r.Messages, System: r.System, ToolConfig: r.ToolConfig,
		AdditionalModelRequestFields: r.AdditionalModelRequestFields,
	}}}
}

// StartAsyncInvokeRequest starts a job whose result goes to Amazon S3 (API
// reference, StartAsyncInvoke).
type StartAsyncInvokeRequest struct {
	ClientRequestToken string          `json:"clientRequestToken,omitempty"` // makes a second start of the same job harmless; one is made when empty
	ModelID            string          `json:"modelId"`                      // at most 256 characters
	ModelInput         json.RawMessage `json:"modelInput"`                   // the model's own request
	OutputDataConfig   AsyncOutput     `json:"outputDataConfig"`
	Tags               []Tag           `json:"tags,omitempty"` // at most 200
	Extra              Extra           `json:"-"`
}

// AsyncOutput is where the result goes (data type
// AsyncInvokeOutputDataConfig).
type AsyncOutput struct {
	S3OutputDataConfig *AsyncS3Output `json:"s3OutputDataConfig,omitempty"`
	Extra              Extra          `json:"-" client:"union"`
}

// AsyncS3Output is a place in Amazon S3 (data type
// AsyncInvokeS3OutputDataConfig).
type AsyncS3Output struct {
	S3URI       string `json:"s3Uri"`                 // s3://bucket/prefix
	KMSKeyID    string `json:"kmsKeyId,omitempty"`    // ARN of the key that encrypts the result
	BucketOwner string `json:"bucketOwner,omitempty"` // account id of 12 digits
	Extra       Extra  `json:"-"`
}

// Tag is a tag of a resource (data type Tag).
type Tag struct {
	Key   string `json:"key"`   // 1 to 128 characters
	Value string `json:"value"` // at most 256 characters
	Extra Extra  `json:"-"`
}

// StartAsyncInvokeResponse names the job.
type StartAsyncInvokeResponse struct {
	InvocationARN string `json:"invocationArn"`
	Extra         Extra  `json:"-"`
}

// The states of an async invocation.
const (
	AsyncInProgress = "InProgress"
	AsyncCompleted  = "Completed"
	AsyncFailed     = "Failed"
)

// AsyncInvoke is the state of a job (API reference, GetAsyncInvoke and data
// type AsyncInvokeSummary).
type AsyncInvoke struct {
	InvocationARN      string      `json:"invocationArn"`
	ModelARN           string      `json:"modelArn"`
	ClientRequestToken string      `json:"clientRequestToken,omitempty"`
	Status             string      `json:"status,omitempty"` // InProgress, Completed or Failed
	FailureMessage     string      `json:"failureMessage,omitempty"`
	SubmitTime         time.Time   `json:"submitTime"`
	LastModifiedTime   time.Time   `json:"lastModifiedTime,omitzero"`
	EndTime            time.Time   `json:"endTime,omitzero"` // zero while it runs
	OutputDataConfig   AsyncOutput `json:"outputDataConfig"`
	Extra              Extra       `json:"-"`
}

// ListAsyncInvokesRequest chooses jobs (API reference, ListAsyncInvokes). The
// zero value lists all.
type ListAsyncInvokesRequest struct {
	SubmitTimeAfter  time.Time // jobs submitted after it; zero: no bound
	SubmitTimeBefore time.Time // jobs submitted before it; zero: no bound
	StatusEquals     string    // InProgress, Completed or Failed; empty: any
	MaxResults       int       // a page, 1 to 1000; 0: the service's default
	NextToken        string    // of the page before
	SortBy           string    // SubmissionTime
	SortOrder        string    // Ascending or Descending
}

// ListAsyncInvokesResponse is one page of jobs.
type ListAsyncInvokesResponse struct {
	NextToken            string        `json:"nextToken,omitempty"` // empty on the last page
	AsyncInvokeSummaries []AsyncInvoke `json:"asyncInvokeSummaries,omitempty"`
	Extra                Extra         `json:"-"`
}
