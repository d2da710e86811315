"""boto3 behind the service and the proxy: python3 boto3_behind.py TOKEN SERVE_URL PROXY_URL

With a token that is boto3's Bedrock API key, without one it signs with keys
that nobody knows. Prints "ok NAME" for each check that holds.
"""
import json
import os
import sys

TOKEN, SERVE, PROXY = sys.argv[1:]
if TOKEN:
    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = TOKEN

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + CLAUDE
MESSAGES = [{"role": "user", "content": [{"text": "Hello world"}]}]


def client(url, service="bedrock-runtime", fault=None):
    keys = {} if TOKEN else {"aws_access_key_id": "NOBODY", "aws_secret_access_key": "knows", "aws_session_token": "me"}
    c = boto3.client(service, endpoint_url=url, region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1}, read_timeout=30), **keys)
    if fault:
        c.meta.events.register("before-sign.*.*", lambda request, **_: request.headers.add_header("X-Mock-Fault", fault))
    return c


def raises(code, call, exception=ClientError):
    try:
        call()
    except exception as e:
        got = e.response["Error"]["Code"]
        assert got == code, f"{got}, want {code}: {e}"
        return e
    raise AssertionError(f"no {code}")


for name, url in ("serve", SERVE), ("proxy", PROXY):
    for model in CLAUDE, ARN:
        r = client(url).converse(modelId=model, messages=MESSAGES)
        assert "Hello world" in r["output"]["message"]["content"][0]["text"], r
        assert len(r["ResponseMetadata"]["RequestId"]) == 36, r
    print("ok", name, "converse")

    events = list(client(url).converse_stream(modelId=ARN, messages=MESSAGES)["stream"])
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert "Hello world" in text and "metadata" in events[-1], events
    print("ok", name, "converse stream")

    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello world"}]})
    r = client(url).invoke_model(modelId=CLAUDE, body=body)
    assert "mock" in json.loads(r["body"].read())["content"][0]["text"]
    print("ok", name, "invoke")

    chunks = [e["chunk"]["bytes"] for e in client(url).invoke_model_with_response_stream(modelId=CLAUDE, body=body)["body"]]
    assert b"invocationMetrics" in chunks[-1], chunks
    print("ok", name, "invoke stream")

    assert client(url).count_tokens(modelId="anthropic.claude-3-haiku-20240307-v1:0", input={"converse": {"messages": MESSAGES}})["inputTokens"] > 0
    print("ok", name, "count tokens")

    raises("ThrottlingException", lambda: client(url, fault="ThrottlingException").converse(modelId=CLAUDE, messages=MESSAGES))
    raises("ValidationException", lambda: client(url).converse(modelId=CLAUDE, messages=[]))
    print("ok", name, "errors")

    stream = client(url, fault="modelStreamErrorException; at=3").converse_stream(modelId=CLAUDE, messages=MESSAGES)["stream"]
    e = raises("modelStreamErrorException", lambda: list(stream), EventStreamError)
    print("ok", name, "an exception in the stream")

assert client(PROXY, "bedrock").list_foundation_models()["modelSummaries"]
print("ok proxy control plane")
