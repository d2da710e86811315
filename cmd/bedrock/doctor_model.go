package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rawbedrock/client"
)

// listing is what the control plane tells of the model that was named.
type listing struct {
	skipped string // why it was not asked
	err     error
	models  []client.Model
	model   *client.Model            // that is meant; nil: it is not listed
	profile *client.InferenceProfile // that was named
	hidden  bool                     // the ARN does not tell its model
	tried   trial                    // of another id that should work
}

// list asks the control plane.
func (x *examination) list(ctx context.Context) (l listing) {
	id := x.model
	if rest, ok := strings.CutPrefix(x.model, "arn:"); ok {
		parts := strings.SplitN(rest, ":", 5)
		kind, name, _ := strings.Cut(parts[len(parts)-1], "/")
		id = name
		l.hidden = kind != "foundation-model" && kind != "inference-profile"
		if kind == "application-inference-profile" {
			if l.profile, l.err = x.session.InferenceProfile(ctx, x.model); l.err != nil {
				return l
			}
			id, l.hidden = strings.Join(l.profile.ModelIDs(), " "), false
		}
	}
	l.models, l.err = x.session.Models(ctx)
	l.find(id)
	return l
}

// find looks for a model by its own id, that of a profile, or one that looks
// like that of a profile.
func (l *listing) find(id string) {
	_, base, _ := strings.Cut(id, ".")
	for i := range l.models {
		m := &l.models[i]
		if m.ModelID == id {
			l.model = m
			return
		}
		for k := range m.Profiles {
			if m.Profiles[k].InferenceProfileID == id {
				l.model, l.profile = m, &m.Profiles[k]
				return
			}
		}
	}
	for i := range l.models {
		if l.models[i].ModelID == base {
			l.model = &l.models[i]
		}
	}
}

// instead is the id to call the model by when the one that was named does not
// work.
func (l *listing) instead(named string) string {
	if l.model == nil {
		return ""
	}
	for _, id := range l.model.CallIDs {
		if id != named && !strings.HasPrefix(id, "arn:") {
			return id
		}
	}
	return ""
}

// checkModel tells whether the region knows the model, and for how long.
func (x *examination) checkModel() {
	l, called := &x.listed, x.call.done && x.call.err == nil
	refused, _ := errors.AsType[*client.Error](x.call.err)
	const successor = "Choose its successor: `bedrock models` lists what can be called here."
	switch {
	case l.skipped != "":
		x.add("model", checkSkip, l.skipped, "")
	case refused != nil && errors.Is(refused, client.ErrEndOfLife):
		x.add("model", checkFail, x.model+" is retired or closed to this account: "+brief(refused), refused.Hint)
	case l.model != nil && l.ended():
		x.add("model", checkFail, fmt.Sprintf("%s reached the end of its life on %s", l.model.ModelID, l.model.ModelLifecycle.EndOfLifeTime.Format(time.DateOnly)), successor)
	case l.model != nil && l.model.ModelLifecycle != nil && l.model.ModelLifecycle.Status == "LEGACY":
		x.add("model", checkWarn, l.describe()+", legacy"+l.until(), successor)
	case l.model != nil:
		x.add("model", checkOK, l.describe(), "")
	case l.hidden:
		x.add("model", checkOK, "the ARN does not tell which it is", "")
	case called && l.err != nil:
		x.add("model", checkOK, x.model+" answers; the lists of models are closed to this identity", "")
	case called:
		x.add("model", checkOK, x.model+" answers, though "+x.region()+" does not list it", "")
	case refused != nil && unknownModel(refused):
		x.add("model", checkFail, x.model+" is not known in "+x.region()+": "+brief(refused), l.remedy(x.model, refused.Hint))
	case l.err != nil && x.authRefusal() != nil:
		x.add("model", checkSkip, "the lists of models were refused like the call", "")
	case l.err != nil:
		x.add("model", checkWarn, "the lists of models could not be read: "+briefly(l.err), "Allow bedrock:ListFoundationModels and bedrock:ListInferenceProfiles to see them; calls do not need them.")
	case x.call.done:
		x.add("model", checkWarn, x.model+" is not among the models that "+x.region()+" lists", l.remedy(x.model, successor))
	default:
		x.add("model", checkFail, x.model+" is not among the models that "+x.region()+" lists", l.remedy(x.model, successor))
	}
}

func (l *listing) ended() bool {
	c := l.model.ModelLifecycle
	return c != nil && !c.EndOfLifeTime.IsZero() && c.EndOfLifeTime.Before(time.Now())
}

func (l *listing) until() string {
	if t := l.model.ModelLifecycle.EndOfLifeTime; !t.IsZero() {
		return " until " + t.Format(time.DateOnly)
	}
	return ""
}

func (l *listing) describe() string {
	m := l.model
	text := m.ModelID
	if m.ModelName != "" {
		text = m.ModelName
	}
	if m.ProviderName != "" {
		text += " by " + m.ProviderName
	}
	return text + ", by " + strings.Join(m.APIs, ", ")
}

// remedy names the ids that look most like the one that is not known.
func (l *listing) remedy(model, otherwise string) string {
	if l.model != nil {
		return otherwise
	}
	var near []string
	longest := len("amazon.xxx")
	for _, m := range l.models {
		for _, id := range append([]string{m.ModelID}, m.CallIDs...) {
			switch n := common(id, model); {
			case n > longest:
				near, longest = []string{id}, n
			case n == longest && len(near) > 0 && len(near) < 3 && !slices.Contains(near, id):
				near = append(near, id)
			}
		}
	}
	if len(near) == 0 {
		return otherwise
	}
	return "Is it " + strings.Join(near, " or ") + " that is meant? `bedrock models` lists what can be called here."
}

// common counts the bytes that two ids begin with alike.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// profile tells whether the model is called by the right id.
func (x *examination) profile() {
	l := &x.listed
	refused, _ := errors.AsType[*client.Error](x.call.err)
	needs := refused != nil && errors.Is(refused, client.ErrNeedsInferenceProfile)
	switch {
	case l.skipped != "":
		x.add("profile", checkSkip, l.skipped, "")
	case l.profile != nil:
		x.add("profile", checkOK, l.profile.InferenceProfileID+" leads to "+strings.Join(destinations(*l.profile), ", "), "")
	case l.model != nil && (needs || !slices.Contains(l.model.CallIDs, l.model.ModelID)) && x.namesModel():
		x.add("profile", checkFail, l.model.ModelID+" is not called by its own id: it needs an inference profile"+x.works(), x.callBy())
	case l.model != nil && !x.namesModel() && (refused != nil || !x.call.done):
		x.add("profile", checkFail, x.model+" is no inference profile that can be called from "+x.region()+x.works(), x.callBy())
	case needs:
		x.add("profile", checkFail, x.model+" is not called by its own id: it needs an inference profile", refused.Hint)
	case l.model != nil && !x.namesModel():
		x.add("profile", checkWarn, x.model+" answers, though "+x.region()+" does not list it", x.callBy())
	case l.model != nil && len(l.model.CallIDs) > 1:
		x.add("profile", checkOK, "not needed; there are "+strings.Join(l.model.CallIDs[1:], ", "), "")
	case l.hidden:
		x.add("profile", checkSkip, "an ARN of this kind needs none", "")
	case l.model != nil:
		x.add("profile", checkOK, "not needed, and there is none", "")
	case x.call.done && x.call.err == nil:
		x.add("profile", checkOK, x.model+" can be called by this id", "")
	default:
		x.add("profile", checkSkip, "nothing is known of the model's profiles", "")
	}
}

// namesModel tells that the model was named by its own id or ARN.
func (x *examination) namesModel() bool {
	return strings.HasSuffix(x.model, x.listed.model.ModelID) &&
		(x.model == x.listed.model.ModelID || strings.Contains(x.model, ":foundation-model/"))
}

// works tells what became of the other id that was tried.
func (x *examination) works() string {
	t := x.listed.tried
	switch {
	case !t.done:
		return ""
	case t.err == nil:
		return "; " + t.model + " was tried and works"
	}
	return "; " + t.model + " was tried and refused: " + briefly(t.err)
}

func (x *examination) callBy() string {
	if ids := x.listed.model.CallIDs; len(ids) > 0 {
		return "Call it by " + strings.Join(ids, " or ") + "."
	}
	return "No inference profile of it can be called from " + x.region() + ": choose another region, or Provisioned Throughput."
}

// briefly is brief for any error.
func briefly(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return brief(e)
	}
	return err.Error()
}
