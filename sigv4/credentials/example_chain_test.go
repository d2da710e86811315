package credentials_test

import (
	"context"
	"fmt"

	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// environment is a world without files.
func environment(vars map[string]string) credentials.Options {
	return credentials.Options{Getenv: func(name string) string { return vars[name] }}
}

func ExampleChain_Explain() {
	config, err := credentials.Load(environment(map[string]string{
		"AWS_ACCESS_KEY_ID":         "AKIDEXAMPLE", // half a pair is none
		"AWS_EC2_METADATA_DISABLED": "true",
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, considered, err := config.Provider().Explain(context.Background())
	for _, c := range considered {
		fmt.Printf("%s, %s: %s\n", c.Source, c.Outcome, c.Reason)
	}
	_, none := err.(*credentials.NotFoundError)
	fmt.Println(none)
	// Output:
	// environment, skipped: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not
	// environment: web identity, skipped: AWS_WEB_IDENTITY_TOKEN_FILE is not set
	// profile default, skipped: it is not in ~/.aws/credentials or ~/.aws/config
	// container, skipped: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set
	// instance metadata, skipped: AWS_EC2_METADATA_DISABLED is true
	// true
}

// A cache asks its source once, until the credentials are about to end or AWS
// calls them expired.
func ExampleCache() {
	asked := 0
	cache := credentials.NewCache(source(func() sigv4.Credentials {
		asked++
		return sigv4.Credentials{AccessKeyID: fmt.Sprint("AKID", asked), SecretAccessKey: "secret", Source: "example"}
	}))
	first, _ := cache.Retrieve(context.Background())
	again, _ := cache.Retrieve(context.Background())
	cache.Invalidate(first)
	renewed, _ := cache.Retrieve(context.Background())
	fmt.Println(first)
	fmt.Println(again)
	fmt.Println(renewed)
	// Output:
	// credentials AKID1 from example
	// credentials AKID1 from example
	// credentials AKID2 from example
}

type source func() sigv4.Credentials

func (s source) Retrieve(context.Context) (sigv4.Credentials, error) { return s(), nil }
