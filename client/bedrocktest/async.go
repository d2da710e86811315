package bedrocktest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"rawbedrock/sigv4/credentials"
)

// asyncJob is a job of StartAsyncInvoke. It is complete when it is next asked
// for.
type asyncJob struct {
	arn, model, token string
	output            object // outputDataConfig
	submitted         time.Time
}

// jobLimit is how many jobs a server keeps; older ones are forgotten.
const jobLimit = 1000

var s3Form = lazy(`^s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](/.*)?$`)

// startAsyncInvoke answers StartAsyncInvoke. The same token with the same
// model gets the same job.
func (s *Server) startAsyncInvoke(req *Request) (*response, *apiError) {
	o, bad := parseObject(req.Body)
	if bad != nil {
		return nil, invalid("The request body is not a JSON object: " + bad.Error())
	}
	m, err := findModel(o.text("modelId"))
	if err != nil {
		return nil, err
	}
	if err := m.callable(); err != nil {
		return nil, err
	}
	if m.family != asyncOnly && m.family != marengo && m.family != novaEmbed && m.family != opaque {
		return nil, invalid("This model doesn't support asynchronous invocation: " + m.id)
	}
	if !o.has("modelInput") {
		return nil, constraint("null", "modelInput", "Member must not be null")
	}
	uri := o.object("outputDataConfig").object("s3OutputDataConfig").text("s3Uri")
	if !s3Form().MatchString(uri) {
		return nil, constraint(uri, "outputDataConfig.s3OutputDataConfig.s3Uri", "Member must satisfy regular expression pattern: s3://[a-z0-9][\\.\\-a-z0-9]{1,61}[a-z0-9](/.*)?")
	}
	modelArn := m.id
	if !strings.HasPrefix(modelArn, "arn:") {
		modelArn = modelARN(req.region(), m.base)
	}
	job := asyncJob{model: modelArn, token: o.text("clientRequestToken"), output: o.object("outputDataConfig"), submitted: s.now()}
	return whole(http.StatusOK, map[string]any{"invocationArn": s.addJob(job, req)}), nil
}

// addJob keeps the job and returns its ARN.
func (s *Server) addJob(job asyncJob, req *Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if job.token != "" && j.token == job.token && j.model == job.model {
			return j.arn
		}
	}
	id := strings.ToLower(newSeed("job", req.ID).id("job", 12))
	job.arn = "arn:" + credentials.Partition(req.region()) + ":bedrock:" + req.region() + ":" + account + ":async-invoke/" + id
	if len(s.jobs) == jobLimit {
		s.jobs = s.jobs[1:]
	}
	s.jobs = append(s.jobs, job)
	return job.arn
}

func (j asyncJob) describe() map[string]any {
	at := j.submitted.UTC().Format("2006-01-02T15:04:05Z")
	body := map[string]any{
		"invocationArn": j.arn, "modelArn": j.model, "status": "Completed", "submitTime": at, "lastModifiedTime": at, "endTime": at,
		"outputDataConfig": map[string]any(j.output),
	}
	if j.token != "" {
		body["clientRequestToken"] = j.token
	}
	return body
}

// getAsyncInvoke answers GetAsyncInvoke.
func (s *Server) getAsyncInvoke(req *Request) (*response, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.arn == req.Labels[0] {
			return whole(http.StatusOK, j.describe()), nil
		}
	}
	return nil, invalid("Invocation with identifier " + req.Labels[0] + " was not found.")
}

// listAsyncInvokes answers ListAsyncInvokes, newest first unless asked.
func (s *Server) listAsyncInvokes(req *Request) (*response, *apiError) {
	if want := req.Query.Get("statusEquals"); want != "" && !slices.Contains([]string{"InProgress", "Completed", "Failed"}, want) {
		return nil, constraint(want, "statusEquals", "Member must satisfy enum value set: [InProgress, Completed, Failed]")
	}
	var all []map[string]any
	s.mu.Lock()
	for _, j := range s.jobs {
		if want := req.Query.Get("statusEquals"); (want == "" || want == "Completed") && within(j.submitted, req) {
			all = append(all, j.describe())
		}
	}
	s.mu.Unlock()
	if req.Query.Get("sortOrder") != "Ascending" {
		slices.Reverse(all)
	}
	page, next, err := pageOf(all, req)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"asyncInvokeSummaries": page}
	if next != "" {
		body["nextToken"] = next
	}
	return whole(http.StatusOK, body), nil
}

// within applies submitTimeAfter and submitTimeBefore.
func within(t time.Time, req *Request) bool {
	after, err := time.Parse(time.RFC3339, req.Query.Get("submitTimeAfter"))
	if err == nil && !t.After(after) {
		return false
	}
	before, err := time.Parse(time.RFC3339, req.Query.Get("submitTimeBefore"))
	return err != nil || t.Before(before)
}
