package bedrocktest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// region is the one that the caller signed for.
func (r *Request) region() string {
	if r.Identity.Region != "" {
		return r.Identity.Region
	}
	return defaultRegion
}

// listFoundationModels answers ListFoundationModels, which has no pages.
func (s *Server) listFoundationModels(req *Request) (*response, *apiError) {
	has := func(key string, words ...any) bool {
		want := req.Query.Get(key)
		return want == "" || slices.ContainsFunc(words, func(w any) bool { return strings.EqualFold(w.(string), want) })
	}
	models := []any{}
	for _, e := range catalog {
		m := e.summary(req.region())
		if has("byProvider", e.provider) && has("byOutputModality", list(e.out)...) &&
			has("byInferenceType", m["inferenceTypesSupported"].([]any)...) && req.Query.Get("byCustomizationType") == "" {
			models = append(models, m)
		}
	}
	return whole(http.StatusOK, map[string]any{"modelSummaries": models}), nil
}

// base finds a model of the catalogue by id or ARN.
func base(id string) (entry, bool) {
	id = id[strings.LastIndexByte(id, '/')+1:]
	i := slices.IndexFunc(catalog, func(e entry) bool { return e.id == id })
	if i < 0 {
		return entry{}, false
	}
	return catalog[i], true
}

// getFoundationModel answers GetFoundationModel.
func (s *Server) getFoundationModel(req *Request) (*response, *apiError) {
	e, ok := base(req.Labels[0])
	if !ok {
		return nil, notFound("Could not resolve the foundation model from the provided model identifier.")
	}
	return whole(http.StatusOK, map[string]any{"modelDetails": e.summary(req.region())}), nil
}

// getFoundationModelAvailability answers GetFoundationModelAvailability: all
// is well with what is in the catalogue.
func (s *Server) getFoundationModelAvailability(req *Request) (*response, *apiError) {
	e, ok := base(req.Labels[0])
	if !ok {
		return nil, notFound("Could not resolve the foundation model from the provided model identifier.")
	}
	return whole(http.StatusOK, map[string]any{
		"modelId": e.id, "agreementAvailability": map[string]any{"status": "AVAILABLE"}, "authorizationStatus": "AUTHORIZED",
		"entitlementAvailability": "AVAILABLE", "regionAvailability": "AVAILABLE",
	}), nil
}

// listInferenceProfiles answers ListInferenceProfiles in pages.
func (s *Server) listInferenceProfiles(req *Request) (*response, *apiError) {
	all := profilesIn(req.region())
	switch kind := req.Query.Get("type"); kind {
	case "", "SYSTEM_DEFINED":
	case "APPLICATION":
		all = nil
	default:
		return nil, constraint(kind, "typeEquals", "Member must satisfy enum value set: [SYSTEM_DEFINED, APPLICATION]")
	}
	page, next, err := pageOf(all, req)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"inferenceProfileSummaries": page}
	if next != "" {
		body["nextToken"] = next
	}
	return whole(http.StatusOK, body), nil
}

// pageOf cuts a list by maxResults and nextToken.
func pageOf(all []map[string]any, req *Request) (page []map[string]any, next string, err *apiError) {
	size, from := 100, 0
	if text := req.Query.Get("maxResults"); text != "" {
		n, bad := strconv.Atoi(text)
		if bad != nil || n < 1 || n > 1000 {
			return nil, "", constraint(text, "maxResults", "Member must have value between 1 and 1000")
		}
		size = n
	}
	if token := req.Query.Get("nextToken"); token != "" {
		text, bad := base64.RawURLEncoding.DecodeString(token)
		n, bad2 := strconv.Atoi(strings.TrimPrefix(string(text), "mock:"))
		if bad != nil || bad2 != nil || n < 0 || n > len(all) {
			return nil, "", invalid("The provided pagination token is invalid.")
		}
		from = n
	}
	to := min(from+size, len(all))
	if to < len(all) {
		next = base64.RawURLEncoding.EncodeToString([]byte("mock:" + strconv.Itoa(to)))
	}
	return append([]map[string]any{}, all[from:to]...), next, nil
}

// getInferenceProfile answers GetInferenceProfile. An application profile, of
// which the mock keeps none, leads to Claude Haiku.
func (s *Server) getInferenceProfile(req *Request) (*response, *apiError) {
	id := req.Labels[0]
	if strings.Contains(id, ":application-inference-profile/") {
		e, _ := base("anthropic.claude-haiku-4-5-20251001-v1:0")
		p := profile(e, "us", req.region())
		p["inferenceProfileArn"], p["inferenceProfileId"] = id, id[strings.LastIndexByte(id, '/')+1:]
		p["inferenceProfileName"], p["type"] = "mock application profile", "APPLICATION"
		return whole(http.StatusOK, p), nil
	}
	id = id[strings.LastIndexByte(id, '/')+1:]
	for _, p := range profilesIn(req.region()) {
		if p["inferenceProfileId"] == id {
			return whole(http.StatusOK, p), nil
		}
	}
	return nil, notFound("The provided inference profile identifier was not found: " + id)
}

// mantleModels answers bedrock-mantle's list of models.
func (s *Server) mantleModels(req *Request) (*response, *apiError) {
	models := []any{}
	for _, e := range catalog {
		m, _ := findModel(e.id)
		if e.out != "TEXT" || !m.chats() && m.family != claude {
			continue
		}
		id, _, _ := strings.Cut(e.id, ":")
		models = append(models, map[string]any{
			"id": strings.TrimSuffix(id, "-1"), "object": "model", "created": created, "owned_by": "system", "status": "available",
			"data_retention": map[string]any{"allowed_modes": list("default none"), "mode": "default", "source": "model_default"},
		})
	}
	return openAI(whole(http.StatusOK, map[string]any{"object": "list", "data": models}), req), nil
}
