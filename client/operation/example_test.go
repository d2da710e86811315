package operation_test

import (
	"fmt"

	"rawbedrock/client/operation"
)

// Which call a request on the wire is, as a proxy or a recorder asks.
func ExampleMatch() {
	path, err := operation.ConverseStream.Expand("us.amazon.nova-2-lite-v1:0")
	fmt.Println(path, err)
	op, labels, ok := operation.Match("POST", path)
	fmt.Println(op.Name, labels, ok)
	fmt.Println(op.Action, op.Host, op.Host.SigningName())
	// Output:
	// /model/us.amazon.nova-2-lite-v1%3A0/converse-stream <nil>
	// ConverseStream [us.amazon.nova-2-lite-v1:0] true
	// bedrock:InvokeModelWithResponseStream bedrock-runtime bedrock
}
