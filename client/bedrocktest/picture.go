package bedrocktest

import (
	"bytes"
	"encoding/base64"
	imagery "image"
	"image/color"
	"image/png"
)

// picture answers the models that draw. The picture is a valid PNG of a few
// pixels, in a colour that depends on the request.
func (t *turn) picture() (map[string]any, *apiError) {
	n := 1
	if t.model.family == image {
		if t.body.text("taskType") == "" {
			return nil, malformed("#: required key [taskType] not found")
		}
		if wanted, ok := t.body.object("imageGenerationConfig").number("numberOfImages"); ok {
			if wanted < 1 || wanted > 5 {
				return nil, malformed("#/imageGenerationConfig/numberOfImages: " + string(encode(wanted)) + " is not between 1 and 5")
			}
			n = wanted
		}
	} else if t.body.text("prompt") == "" && t.body.text("image") == "" {
		return nil, malformed("#: required key [prompt] not found")
	}
	var images, seeds, reasons []any
	for i := range n {
		images = append(images, base64.StdEncoding.EncodeToString(t.ask.seed.png(i)))
		seeds, reasons = append(seeds, i), append(reasons, nil)
	}
	if t.model.family == image {
		return map[string]any{"images": images, "error": nil}, nil
	}
	return map[string]any{"images": images, "seeds": seeds, "finish_reasons": reasons}, nil
}

func (s seed) png(n int) []byte {
	c := color.NRGBA{R: s[n], G: s[n+1], B: s[n+2], A: 255}
	m := imagery.NewNRGBA(imagery.Rect(0, 0, 8, 8))
	for y := range 8 {
		for x := range 8 {
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic("bedrocktest: internal error: " + err.Error()) // into memory
	}
	return b.Bytes()
}

// videoText answers TwelveLabs Pegasus.
func (t *turn) videoText() (map[string]any, *apiError) {
	prompt := t.body.text("inputPrompt")
	if err := t.needText(prompt, "inputPrompt"); err != nil {
		return nil, err
	}
	return map[string]any{"message": "A mock answer, made without a model, to: " + shorten(prompt, echoLimit), "finishReason": "stop"}, nil
}
