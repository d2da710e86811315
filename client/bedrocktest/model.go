package bedrocktest

import (
	"regexp"
	"strings"
	"sync"
)

// family is the body that a model takes and gives with InvokeModel.
type family int

const (
	unknown family = iota
	opaque         // an ARN that hides its model: the body tells
	claude
	nova
	titan
	llama
	mistral
	deepseek
	chat // OpenAI's chat completions
	cohere
	jamba
	jurassic
	titanEmbed
	titanEmbedImage
	novaEmbed
	cohereEmbed
	marengo
	rerank
	image     // Titan Image and Nova Canvas
	stability // Stability AI's images
	pegasus   // video in, text out
	asyncOnly // video out: StartAsyncInvoke only
	speech    // bidirectional streams only
)

// families maps how a base model id begins to its family; the first row that
// fits counts. Source: the user guide's pages on inference parameters.
var families = []struct {
	prefix string
	family family
}{
	{"anthropic.claude-", claude},
	{"amazon.nova-canvas", image}, {"amazon.nova-reel", asyncOnly},
	{"amazon.nova-sonic", speech}, {"amazon.nova-2-sonic", speech},
	{"amazon.nova-2-multimodal-embeddings", novaEmbed}, {"amazon.nova-", nova},
	{"amazon.titan-embed-image", titanEmbedImage}, {"amazon.titan-embed", titanEmbed},
	{"amazon.titan-image", image}, {"amazon.titan-", titan}, {"amazon.rerank", rerank},
	{"meta.llama", llama}, {"mistral.", mistral},
	{"deepseek.r1", deepseek}, {"deepseek.", chat},
	{"openai.", chat}, {"qwen.", chat}, {"google.gemma", chat}, {"minimax.", chat},
	{"moonshot.", chat}, {"moonshotai.", chat}, {"nvidia.", chat}, {"zai.", chat},
	{"xai.", chat}, {"writer.palmyra", chat},
	{"cohere.embed", cohereEmbed}, {"cohere.rerank", rerank}, {"cohere.", cohere},
	{"ai21.jamba", jamba}, {"ai21.j2", jurassic},
	{"stability.", stability}, {"luma.ray", asyncOnly},
	{"twelvelabs.marengo", marengo}, {"twelvelabs.pegasus", pegasus},
}

// endOfLife lists models that answer 404. It is short on purpose: what AWS
// retired while people still learn from it (Titan Text, Claude 2) works here.
var endOfLife = []string{
	"anthropic.claude-instant-", "anthropic.claude-3-opus-", "ai21.j2-", "amazon.titan-tg1-",
	"stability.stable-diffusion-xl", "amazon.nova-sonic-v1",
}

// profileOnly lists models that AWS serves through inference profiles alone.
var profileOnly = []string{
	"anthropic.claude-opus-", "anthropic.claude-sonnet-", "anthropic.claude-haiku-4", "anthropic.claude-fable-",
	"anthropic.claude-mythos-", "anthropic.claude-3-7-", "anthropic.claude-3-5-haiku-",
	"deepseek.r1", "meta.llama3-2-", "meta.llama4-", "amazon.nova-premier-", "mistral.pixtral-",
	"writer.palmyra-x", "openai.gpt-5.", "openai.gpt-6", "xai.grok-4.6", "twelvelabs.pegasus",
}

// model is a model as a request names it.
type model struct {
	id      string // as given
	base    string // foundation model id without profile prefix, "" when an ARN hides it
	profile bool   // reached through an inference profile, or by an ARN that needs none
	family  family
}

var (
	// modelChars is what the service's pattern for modelId allows at all.
	modelChars = lazy(`^[a-zA-Z0-9_.:/-]+$`)
	baseForm   = lazy(`^[a-z0-9-]+\.[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+(:([0-9]+k|mm))?)?$`)
	geography  = lazy(`^[a-z]{2,8}(-[a-z]{2,5})?\.`)
	arnForm    = lazy(`^arn:aws(-[a-z]+)*:(bedrock|sagemaker):[a-z0-9-]*:([0-9]{12})?:([a-z-]+)/(.+)$`)
)

// lazy compiles an expression when it is first needed, so that a program which
// only links the mock pays nothing at its start.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// opaqueARNs are the resources whose ARN does not tell the model behind them.
var opaqueARNs = map[string]bool{
	"application-inference-profile": true, "provisioned-model": true, "custom-model-deployment": true,
	"imported-model": true, "prompt": true, "prompt-router": true, "default-prompt-router": true, "endpoint": true,
}

// findModel reads a model id or ARN of any form that the runtime takes.
func findModel(id string) (model, *apiError) {
	if len(id) > 2048 || !modelChars().MatchString(id) {
		return model{}, constraint(id, "modelId", "Member must satisfy regular expression pattern: "+modelPattern)
	}
	m := model{id: id, base: id}
	if parts := arnForm().FindStringSubmatch(id); parts != nil {
		switch kind, name := parts[4], parts[5]; {
		case opaqueARNs[kind]:
			m.base, m.profile, m.family = "", true, opaque
			return m, nil
		case kind == "inference-profile", kind == "foundation-model":
			m.base = name
		case kind == "custom-model":
			m.base, _, _ = strings.Cut(name, "/")
			m.profile = true
		default:
			return model{}, invalidModel()
		}
	}
	m.family = familyOf(m.base)
	if prefix := geography().FindString(m.base); m.family == unknown && prefix != "" {
		m.base, m.profile = m.base[len(prefix):], true
		m.family = familyOf(m.base)
	}
	if m.family == unknown {
		return model{}, invalidModel()
	}
	return m, nil
}

func familyOf(base string) family {
	if !baseForm().MatchString(base) {
		return unknown
	}
	for _, f := range families {
		if strings.HasPrefix(base, f.prefix) {
			return f.family
		}
	}
	return unknown
}

// callable refuses what AWS refuses at bedrock-runtime: retired models, and
// base ids of models that need an inference profile.
func (m model) callable() *apiError {
	if beginsWith(m.base, endOfLife) {
		return notFound("This model version has reached the end of its life. Please refer to the AWS documentation for more details.")
	}
	if !m.profile && beginsWith(m.base, profileOnly) {
		return invalid("Invocation of model ID " + m.base + " with on-demand throughput isn’t supported. " +
			"Retry your request with the ID or ARN of an inference profile that contains this model.")
	}
	return nil
}

// talks tells whether the model takes part in a conversation, that is, has
// Converse.
func (m model) talks() bool { return m.family >= opaque && m.family <= jamba }

func beginsWith(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// modelPattern is how the service quotes its pattern for modelId.
const modelPattern = "(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:(([0-9]{12}:custom-model/[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}/[a-z0-9]{12})|(:foundation-model/[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63}))|([0-9]{12}:provisioned-model/[a-z0-9]{12})))|([a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63}))|(([0-9a-zA-Z][-]?)+)"
