package main

import (
	"cmp"
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
	l, called := &x.listed, x.answered()
	refused, _ := errors.AsType[*client.Error](x.call.err)
	const successor = "Choose its successor: `bedrock models` lists what can be called here."
	const spelling = "Check spelling and version suffix: `bedrock models` lists what can be called here."
	lists := "Allow bedrock:ListFoundationModels and bedrock:ListInferenceProfiles to see them; calls do not need them."
	if e, ok := errors.AsType[*client.Error](l.err); ok && !errors.Is(e, client.ErrAccessDenied) {
		lists = cmp.Or(e.Hint, lists)
	}
	switch {
	case l.skipped != "":
		x.add("model", checkSkip, l.skipped, "")
	case refused != nil && errors.Is(refused, client.ErrEndOfLife):
		x.add("model", checkFail, x.model+" is retired or closed to this account: "+brief(refused), refused.Hint)
	case l.model != nil && l.ended() && called:
		x.add("model", checkWarn, fmt.Sprintf("%s answers still, though its life ended on %s", l.model.ModelID, l.model.ModelLifecycle.EndOfLifeTime.Format(time.DateOnly)), successor)
	case l.model != nil && l.ended():
		x.add("model", checkFail, fmt.Sprintf("%s reached the end of its life on %s", l.model.ModelID, l.model.ModelLifecycle.EndOfLifeTime.Format(time.DateOnly)), successor)
	case l.model != nil && l.model.ModelLifecycle != nil && l.model.ModelLifecycle.Status == "LEGACY":
		x.add("model", checkWarn, l.describe()+", legacy"+l.until(), successor)
	case l.model != nil:
		x.add("model", checkOK, l.describe(), "")
	case l.hidden:
		x.add("model", checkOK, "the ARN does not tell which it is", "")
	case called && l.err != nil:
		x.add("model", checkWarn, x.model+" answers; the lists of models could not be read: "+briefly(l.err), lists)
	case called:
		x.add("model", checkOK, x.model+" answers, though "+x.region()+" does not list it", "")
	case refused != nil && unknownModel(refused):
		x.add("model", checkFail, x.model+" is not known in "+x.region()+": "+brief(refused), l.remedy(x.model, refused.Hint))
	case l.err != nil && x.authRefusal() != nil:
		x.add("model", checkSkip, "the lists of models were refused like the call", "")
	case l.err != nil:
		x.add("model", checkWarn, "the lists of models could not be read: "+briefly(l.err), lists)
	case x.call.done:
		x.add("model", checkWarn, x.model+" is not among the models that "+x.region()+" lists", l.remedy(x.model, spelling))
	default:
		x.add("model", checkFail, x.model+" is not among the models that "+x.region()+" lists", l.remedy(x.model, spelling))
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
	best := len(model)/4 + 1
	for _, m := range l.models {
		for _, id := range m.CallIDs {
			switch n := min(unlike(model, id), unlike(model, m.ModelID)); {
			case strings.HasPrefix(id, "arn:"):
			case n < best:
				near, best = []string{id}, n
			case n == best && len(near) > 0 && len(near) < 3 && !slices.Contains(near, id):
				near = append(near, id)
			}
		}
	}
	if len(near) == 0 {
		return otherwise
	}
	return "Is it " + strings.Join(near, " or ") + " that is meant? `bedrock models` lists what can be called here."
}

// unlike counts the letters to change, add or take away until part of an id
// reads as the one that was typed (Sellers' algorithm).
func unlike(typed, id string) int {
	typed, id = strings.ToLower(typed), strings.ToLower(id)
	row := make([]int, len(id)+1) // of the letters typed so far, by where the part ends
	for i := range len(typed) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(id) {
			cost := diagonal
			if typed[i] != id[k] {
				cost++
			}
			diagonal = row[k+1]
			row[k+1] = min(cost, diagonal+1, row[k]+1)
		}
	}
	return slices.Min(row)
}

// profile tells whether the model is called by the right id.
func (x *examination) profile() {
	l := &x.listed
	refused, _ := errors.AsType[*client.Error](x.call.err)
	needs := refused != nil && errors.Is(refused, client.ErrNeedsInferenceProfile)
	direct := l.model != nil && x.namesModel()
	onDemand := l.model != nil && slices.Contains(l.model.CallIDs, l.model.ModelID)
	switch {
	case l.skipped != "":
		x.add("profile", checkSkip, l.skipped, "")
	case l.profile != nil:
		x.add("profile", checkOK, l.profile.InferenceProfileID+" leads to "+strings.Join(destinations(*l.profile), ", "), "")
	case direct && !onDemand && x.answered():
		x.add("profile", checkWarn, l.model.ModelID+" answers by its own id, though "+x.region()+" lists it for inference profiles only", x.callBy())
	case direct && (needs || !onDemand):
		x.add("profile", checkFail, l.model.ModelID+" is not called by its own id: it needs an inference profile"+x.works(), x.callBy())
	case l.model != nil && !direct && (refused != nil || !x.call.done):
		x.add("profile", checkFail, x.model+" is no inference profile that can be called from "+x.region()+x.works(), x.callBy())
	case needs:
		x.add("profile", checkFail, x.model+" is not called by its own id: it needs an inference profile", refused.Hint)
	case l.model != nil && !direct:
		x.add("profile", checkWarn, x.model+" answers, though "+x.region()+" does not list it", x.callBy())
	case l.model != nil && len(l.model.CallIDs) > 1:
		x.add("profile", checkOK, "not needed; there are "+strings.Join(l.model.CallIDs[1:], ", "), "")
	case l.hidden:
		x.add("profile", checkSkip, "an ARN of this kind needs none", "")
	case l.model != nil:
		x.add("profile", checkOK, "not needed, and there is none", "")
	case x.answered():
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
	l := &x.listed
	ids := slices.DeleteFunc(slices.Clone(l.model.CallIDs), func(id string) bool { return id == l.model.ModelID && x.namesModel() })
	if len(ids) > 0 {
		return "Call it by " + strings.Join(ids, " or ") + "."
	}
	if e, ok := errors.AsType[*client.Error](x.call.err); ok && l.err != nil { // the lists are not whole
		return e.Hint
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

// cannotStream tells whether AWS says so of the model: one that is known from
// inference profiles alone has no ARN, and nothing is said of it.
func cannotStream(m *client.Model) bool {
	return m != nil && !m.ResponseStreamingSupported && (m.ModelARN != "" || len(m.Profiles) == 0)
}
