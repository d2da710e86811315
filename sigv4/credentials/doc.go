// Package credentials finds AWS credentials, region and endpoint the way the
// AWS SDKs do, from the environment and the shared files, and mints and reads
// Bedrock API keys.
//
// Load reads the environment and the files once, without the network:
//
//	config, err := credentials.Load(credentials.Options{})
//	region := config.Region.Value                     // config.Region.Source says where from
//	endpoint, err := config.Endpoint("bedrock-runtime")
//	creds, err := config.Provider().Retrieve(ctx)     // this may use the network
//
// Where the official SDKs differ, the package follows aws-sdk-go-v2; the few
// places where it does not say why. Nothing here prints a secret: every type
// that holds one formats itself without it, and no error quotes a file's line.
package credentials
