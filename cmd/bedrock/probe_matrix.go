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
	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// Where Bedrock is, by AWS's list of endpoints (October 2026). AWS adds to it;
// other regions can be named all the same.
var (
	commercialRegions = []string{
		"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1",
		"eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
		"ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"il-central-1", "me-central-1", "me-south-1", "af-south-1",
	}
	govRegions    = []string{"us-gov-east-1", "us-gov-west-1"}
	mantleRegions = []string{
		"us-east-1", "us-east-2", "us-west-2", "sa-east-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-south-1", "eu-north-1",
		"ap-northeast-1", "ap-south-1", "ap-southeast-2", "ap-southeast-3", "us-gov-west-1",
	}
)

// matrix is one probe.
type matrix struct {
	*probeFlags
	model    string
	all      bool                // --regions all
	sessions map[string]*session // by region and way to authenticate
	broken   map[string]error    // why there is none
	unsigned error               // why nothing can be signed, where API keys go on
}

// prepare finds regions and credentials, once for all, and opens a session for
// each region and way to authenticate.
func (m *matrix) prepare(ctx context.Context, e env) (err error) {
	home := m.connection
	home.auth = "auto"
	if strings.Contains(home.endpoint, "{region}") {
		home.region = cmp.Or(home.region, first(m.regions.list), mockRegion)
	}
	home.region = cmp.Or(home.region, first(m.regions.list))
	if home.region == "all" {
		home.region = ""
	}
	o, _, err := m.options(e)
	if err != nil {
		return err
	}
	home.endpoint = strings.ReplaceAll(home.endpoint, "{region}", home.region)
	if err := home.checkEndpoint(); err != nil {
		return err
	}
	key := !m.inside() && strings.TrimSpace(o.Getenv(bearerName)) != ""
	if len(m.auths.list) == 0 {
		m.auths.list = []string{"sigv4"}
		if key {
			m.auths.list[0] = "bearer"
		}
	}
	if home.auth = "bearer"; !key && !m.inside() {
		home.auth = "sigv4"
	}
	s, err := home.open(e, false)
	if errors.Is(err, client.ErrNoRegion) && first(m.regions.list) == "all" {
		home.region = mockRegion
		s, err = home.open(e, false)
	}
	if err != nil {
		return err
	}
	defer s.close(e, &err)
	m.findRegions(ctx, e, s)
	var keys sigv4.Credentials
	if !m.inside() && (slices.Contains(m.auths.list, "sigv4") || !key) {
		keys, err = m.keys(ctx, e, s)
		if m.unsigned = err; err != nil && !(key && slices.Contains(m.auths.list, "bearer")) {
			return err
		}
	}
	m.open(e, o, keys, key)
	return ctx.Err()
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// findRegions takes the regions that were named, else those of the profile.
func (m *matrix) findRegions(ctx context.Context, e env, s *session) {
	m.all = slices.Contains(m.regions.list, "all")
	switch {
	case m.all && strings.HasPrefix(s.Region(), "us-gov-"):
		m.regions.list = govRegions
	case m.all:
		m.regions.list = commercialRegions
	case len(m.regions.list) == 0 && m.region == "":
		m.regions.list = m.destinations(ctx, e, s)
	}
	if len(m.regions.list) == 0 {
		m.regions.list = []string{s.Region()}
	}
}

// destinations are the regions that the profile of that name sends calls to.
func (m *matrix) destinations(ctx context.Context, e env, s *session) []string {
	if prefix, _ := cutGeography(m.model); prefix == "" && !strings.Contains(m.model, "inference-profile/") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	p, err := s.InferenceProfile(ctx, m.model)
	if err != nil {
		fmt.Fprintf(e.stderr, "note: takes %s alone, for the profile's regions are not known: %s\n", s.Region(), briefly(err))
		return nil
	}
	return slices.DeleteFunc(destinations(*p), func(region string) bool { return region == anywhere })
}

// keys are the credentials that all regions share.
func (m *matrix) keys(ctx context.Context, e env, s *session) (keys sigv4.Credentials, err error) {
	keys, err = s.Credentials(ctx)
	if err == nil {
		return keys, nil
	}
	c := m.connection // the session goes by API key
	c.region, c.auth, c.endpoint = s.Region(), "sigv4", ""
	signing, err := c.open(e, false)
	if err != nil {
		return keys, err
	}
	defer signing.close(e, &err)
	if keys, err = signing.Credentials(ctx); err != nil {
		return keys, setupf("%w", err)
	}
	return keys, nil
}

// open makes the sessions. One that cannot be made is an error of its cells.
func (m *matrix) open(e env, o credentials.Options, keys sigv4.Credentials, key bool) {
	m.sessions, m.broken = map[string]*session{}, map[string]error{}
	for _, region := range m.regions.list {
		for _, auth := range m.auths.list {
			c := m.connection
			c.region, c.auth = region, auth
			c.endpoint = strings.ReplaceAll(o.Endpoint, "{region}", region)
			world := e
			var err error
			if auth == "sigv4" {
				err = m.unsigned
			}
			if err == nil && !m.inside() {
				world, err = m.world(e, o, &c, keys, key)
			}
			var s *session
			if err == nil {
				s, err = c.open(world, false)
			}
			if err != nil {
				m.broken[region+" "+auth] = err
				continue
			}
			m.sessions[region+" "+auth] = s
		}
	}
}

// keyLife is that of the API keys that are made for a probe.
const keyLife = 15 * time.Minute

// world is the environment of one session: with the credentials that were
// found, and an API key for its region where none was given. Profile and
// secrets file have been asked for keys already; settings still come from them.
func (m *matrix) world(e env, o credentials.Options, c *connection, keys sigv4.Credentials, key bool) (env, error) {
	found := map[string]string{}
	if keys.HasKeys() {
		found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"] = keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	}
	if c.auth == "bearer" && key {
		found[bearerName] = o.Getenv(bearerName)
	} else if c.auth == "bearer" {
		token, err := credentials.Mint(keys, c.region, keyLife, time.Now())
		if err != nil {
			return e, err
		}
		found[bearerName] = token.Key.Reveal()
	}
	if c.profile != "" {
		found["AWS_PROFILE"] = c.profile
	}
	c.profile, c.secrets = "", ""
	e.getenv = overlay(o.Getenv, found)
	return e, nil
}

// cells are the calls to make, and those that cannot be made with the reason.
func (m *matrix) cells() []cell {
	var cells []cell
	for _, region := range m.regions.list {
		for _, api := range m.apis.list {
			if m.all && api == apiMantle && !slices.Contains(mantleRegions, region) {
				continue
			}
			for _, auth := range m.auths.list {
				c := cell{Region: region, API: api, Auth: auth, Model: m.model}
				if api == apiMantle {
					c.Model = mantleID(m.model)
				}
				if _, err := smallest(api, m.model, false); err != nil {
					c.fail(err)
				} else if err := m.broken[region+" "+auth]; err != nil {
					c.fail(errors.New(strings.TrimPrefix(err.Error(), "bedrock: ")))
				}
				cells = append(cells, c)
			}
		}
	}
	return cells
}

func (m *matrix) close(e env, err *error) {
	for _, s := range m.sessions {
		s.close(e, err)
	}
}
