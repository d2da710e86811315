package client

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"rawbedrock/client/operation"
)

// Model is a foundation model as the control plane of one region lists it
// (data type FoundationModelSummary), with what is needed to call it from
// there. One that is known from inference profiles alone has no ModelARN, and
// what only that list says is zero.
type Model struct {
	ModelID                    string          `json:"modelId"` // its own id, which often cannot be called: see CallIDs
	ModelARN                   string          `json:"modelArn,omitempty"`
	ModelName                  string          `json:"modelName,omitempty"`
	ProviderName               string          `json:"providerName,omitempty"`
	InputModalities            []string        `json:"inputModalities,omitempty"`  // TEXT, IMAGE, SPEECH, VIDEO, …
	OutputModalities           []string        `json:"outputModalities,omitempty"` // TEXT, IMAGE, EMBEDDING, …
	ResponseStreamingSupported bool            `json:"responseStreamingSupported"`
	InferenceTypesSupported    []string        `json:"inferenceTypesSupported,omitempty"` // ON_DEMAND, PROVISIONED, …
	ModelLifecycle             *ModelLifecycle `json:"modelLifecycle,omitempty"`

	// CallIDs are what to call it by from this region, the best first: its own
	// id when it serves on demand, the inference profile of the region's
	// geography, the other profiles that AWS defines, the ARNs of your own.
	// Empty: it cannot be called from here, or with Provisioned Throughput only.
	CallIDs []string `json:"callIds"`
	// APIs are those that AWS documents for the model: invoke, converse, chat,
	// responses, messages, async, bidirectional; mantle for one that only
	// bedrock-mantle serves. Of a model that is newer than this module it is
	// what others of its kind have.
	APIs     []string           `json:"apis"`
	Access   *ModelAccess       `json:"access,omitempty"`   // nil: see CheckAccess
	Profiles []InferenceProfile `json:"profiles,omitempty"` // that contain it
	Extra    Extra              `json:"-"`
}

// ModelLifecycle is how long a model lives (data type
// FoundationModelLifecycle). Once it is past its end a model is listed no more.
type ModelLifecycle struct {
	Status        string    `json:"status"`                 // ACTIVE, or LEGACY: closed to accounts that do not use it
	EndOfLifeTime time.Time `json:"endOfLifeTime,omitzero"` // zero: not announced
	Extra         Extra     `json:"-"`
}

// InferenceProfile is one that can be called from the region that lists it
// (data type InferenceProfileSummary).
type InferenceProfile struct {
	InferenceProfileID   string         `json:"inferenceProfileId"`
	InferenceProfileARN  string         `json:"inferenceProfileArn"`
	InferenceProfileName string         `json:"inferenceProfileName,omitempty"`
	Description          string         `json:"description,omitempty"`
	Status               string         `json:"status,omitempty"` // ACTIVE
	Type                 string         `json:"type,omitempty"`   // SYSTEM_DEFINED or APPLICATION
	Models               []ProfileModel `json:"models,omitempty"` // one for each destination region
	Extra                Extra          `json:"-"`
}

// ProfileModel is a model in one of a profile's destination regions (data type
// InferenceProfileModel).
type ProfileModel struct {
	ModelARN string `json:"modelArn"`
	Extra    Extra  `json:"-"`
}

// The types of inference profiles.
const (
	ProfileSystemDefined = "SYSTEM_DEFINED" // AWS's: us.…, eu.…, global.…
	ProfileApplication   = "APPLICATION"    // yours: the ARN hides the model
)

// ModelIDs are the models' own ids, each once.
func (p InferenceProfile) ModelIDs() []string {
	var ids []string
	for _, m := range p.Models {
		if id := lastPart(m.ModelARN); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// CallID is what to call the profile by: its id, or the ARN of one of yours.
func (p InferenceProfile) CallID() string {
	if p.Type == ProfileApplication {
		return p.InferenceProfileARN
	}
	return p.InferenceProfileID
}

// ModelAccess tells whether the account can use a model in a region (API
// reference, GetFoundationModelAvailability).
type ModelAccess struct {
	AuthorizationStatus     string    `json:"authorizationStatus"`     // AUTHORIZED or NOT_AUTHORIZED: by IAM, the organization or the model's gate
	EntitlementAvailability string    `json:"entitlementAvailability"` // AVAILABLE or NOT_AVAILABLE
	RegionAvailability      string    `json:"regionAvailability"`      // AVAILABLE or NOT_AVAILABLE
	AgreementAvailability   Agreement `json:"agreementAvailability"`
	Extra                   Extra     `json:"-"`
}

// Agreement is the state of the contract with a model's provider (data type
// AgreementAvailability).
type Agreement struct {
	Status       string `json:"status"` // AVAILABLE, PENDING, NOT_AVAILABLE or ERROR
	ErrorMessage string `json:"errorMessage,omitempty"`
	Extra        Extra  `json:"-"`
}

// Missing names what stands in the way, in the answer's own words; empty: the
// model can be used.
func (a ModelAccess) Missing() string {
	var missing []string
	for _, f := range []struct{ name, got, want string }{
		{"region", a.RegionAvailability, "AVAILABLE"},
		{"authorization", a.AuthorizationStatus, "AUTHORIZED"},
		{"entitlement", a.EntitlementAvailability, "AVAILABLE"},
		{"agreement", a.AgreementAvailability.Status, "AVAILABLE"},
	} {
		if f.got != f.want {
			missing = append(missing, f.name+" "+f.got)
		}
	}
	if text := a.AgreementAvailability.ErrorMessage; text != "" {
		missing = append(missing, oneLine(text, maxLine))
	}
	return strings.Join(missing, ", ")
}

// Models lists the foundation models of the client's region, with the
// inference profiles that can be called from there: ListFoundationModels and
// ListInferenceProfiles, all pages of both types, merged. When only a part
// could be listed it comes back beside the error.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	type page struct {
		ModelSummaries []Model `json:"modelSummaries"`
		Extra          Extra   `json:"-"`
	}
	var list merged
	out, _, err := typed[page, struct{}](ctx, c, Request{Op: operation.ListFoundationModels}, nil)
	if err == nil {
		for _, m := range out.ModelSummaries {
			*list.model(m.ModelID) = m
		}
	}
	for p, profileErr := range c.InferenceProfiles(ctx, "") {
		if profileErr != nil {
			err = errors.Join(err, profileErr)
			break
		}
		list.add(p)
	}
	return list.finish(c.Region()), err
}

// InferenceProfiles lists the inference profiles that can be called from the
// client's region, page after page: those of kind ProfileSystemDefined or
// ProfileApplication, or both when it is empty. An error is the last pair.
func (c *Client) InferenceProfiles(ctx context.Context, kind string) iter.Seq2[InferenceProfile, error] {
	kinds := []string{kind}
	if kind == "" {
		kinds = []string{ProfileSystemDefined, ProfileApplication}
	}
	return func(yield func(InferenceProfile, error) bool) {
		seen := map[string]bool{} // should the service ignore the type
		for _, kind := range kinds {
			for p, err := range c.profilesOf(ctx, kind) {
				if seen[p.InferenceProfileARN] && err == nil {
					continue
				}
				seen[p.InferenceProfileARN] = true
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

func (c *Client) profilesOf(ctx context.Context, kind string) iter.Seq2[InferenceProfile, error] {
	type page struct {
		InferenceProfileSummaries []InferenceProfile `json:"inferenceProfileSummaries"`
		NextToken                 string             `json:"nextToken,omitempty"`
		Extra                     Extra              `json:"-"`
	}
	req := Request{Op: operation.ListInferenceProfiles, Query: url.Values{"type": {kind}, "maxResults": {"1000"}}}
	return pages(ctx, c, req, func(p *page) ([]InferenceProfile, string) { return p.InferenceProfileSummaries, p.NextToken })
}

// InferenceProfile looks an inference profile up, by id or ARN: which models in
// which regions are behind it.
func (c *Client) InferenceProfile(ctx context.Context, id string) (*InferenceProfile, error) {
	req := Request{Op: operation.GetInferenceProfile, Labels: []string{id}}
	out, _, err := typed[InferenceProfile, struct{}](ctx, c, req, nil)
	return out, err
}

// ModelAccess asks whether the account can use a model, by the model's own id.
func (c *Client) ModelAccess(ctx context.Context, modelID string) (*ModelAccess, error) {
	req := Request{Op: operation.GetFoundationModelAvailability, Labels: []string{modelID}}
	out, _, err := typed[ModelAccess, struct{}](ctx, c, req, nil)
	return out, err
}

// accessCalls is how many calls CheckAccess has under way at once.
const accessCalls = 8

// CheckAccess fills in Access of each of the models by a call of its own, some
// at a time. Where the answer could not be had Access stays nil, and the error
// is the first reason. When the identity may not ask, the rest is not asked.
func (c *Client) CheckAccess(ctx context.Context, models []Model) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wait  sync.WaitGroup
		once  sync.Once
		first error
	)
	turns := make(chan struct{}, accessCalls)
	for i := range models {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-turns }()
			access, err := c.ModelAccess(ctx, models[i].ModelID)
			if err == nil {
				models[i].Access = access
				return
			}
			once.Do(func() { first = err })
			if errors.Is(err, ErrAccessDenied) {
				cancel()
			}
		})
	}
	wait.Wait()
	if first == nil {
		return ended(ctx)
	}
	return first
}
