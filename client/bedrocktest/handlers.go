package bedrocktest

import "rawbedrock/client/operation"

// handlers are what answers each operation.
var handlers = map[string]func(*Server, *Request) (*response, *apiError){
	operation.InvokeModel.Name:                    (*Server).invoke,
	operation.InvokeModelWithResponseStream.Name:  (*Server).invokeStream,
	operation.Converse.Name:                       (*Server).converse,
	operation.ConverseStream.Name:                 (*Server).converseStream,
	operation.CountTokens.Name:                    (*Server).countTokens,
	operation.ApplyGuardrail.Name:                 (*Server).applyGuardrail,
	operation.InvokeGuardrailChecks.Name:          (*Server).invokeGuardrailChecks,
	operation.StartAsyncInvoke.Name:               (*Server).startAsyncInvoke,
	operation.GetAsyncInvoke.Name:                 (*Server).getAsyncInvoke,
	operation.ListAsyncInvokes.Name:               (*Server).listAsyncInvokes,
	operation.ListFoundationModels.Name:           (*Server).listFoundationModels,
	operation.GetFoundationModel.Name:             (*Server).getFoundationModel,
	operation.GetFoundationModelAvailability.Name: (*Server).getFoundationModelAvailability,
	operation.ListInferenceProfiles.Name:          (*Server).listInferenceProfiles,
	operation.GetInferenceProfile.Name:            (*Server).getInferenceProfile,
	operation.CreateResponse.Name:                 (*Server).createResponse,
	operation.GetResponse.Name:                    (*Server).storedResponse,
	operation.CancelResponse.Name:                 (*Server).storedResponse,
	operation.DeleteResponse.Name:                 (*Server).storedResponse,
	operation.MantleListModels.Name:               (*Server).mantleModels,
	operation.MantleCreateResponse.Name:           (*Server).createResponse,
	operation.ChatCompletions.Name:                (*Server).chatCompletions,
	operation.CreateMessage.Name:                  (*Server).createMessage,
	operation.MantleChatCompletions.Name:          (*Server).chatCompletions,
	operation.MantleCountTokens.Name:              (*Server).messageTokens,
}
