package main

import (
	"context"
	"flag"

	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// identity holds the flags of commands that sign something and call nobody:
// where, and as whom.
type identity struct {
	region, profile, secrets string
}

func (i *identity) register(fs *flag.FlagSet) {
	fs.StringVar(&i.region, "region", "", "AWS `region`; else AWS_REGION, AWS_DEFAULT_REGION or the profile's")
	alias(fs, "r", "region")
	fs.StringVar(&i.profile, "profile", "", "`name` of a profile in the shared AWS files; else AWS_PROFILE")
	fs.StringVar(&i.secrets, "secrets", "", "`file` with AWS_ACCESS_KEY_ID = \"…\" and the like, before the environment")
}

// resolve finds the region and the credentials. Every failure is exit 3.
func (i *identity) resolve(ctx context.Context, e env) (region string, c sigv4.Credentials, err error) {
	getenv, _, err := beforeEnv(e, i.secrets, i.profile)
	if err != nil {
		return "", c, err
	}
	config, err := credentials.Load(credentials.Options{Getenv: getenv, Profile: i.profile, Region: i.region})
	if err != nil {
		return "", c, setupf("%w", err)
	}
	if config.Region.Value == "" {
		return "", c, setupf("%w, or give --region", credentials.ErrNoRegion)
	}
	if c, err = config.Provider().Retrieve(ctx); err != nil {
		return "", c, setupf("%w", err)
	}
	return config.Region.Value, c, nil
}
