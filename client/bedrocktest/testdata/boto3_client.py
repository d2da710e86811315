"""boto3 as a client of the local Bedrock: python3 boto3_client.py URL [CA_FILE]

Prints "ok NAME" for each check that holds and ends with an error at the first
that does not.
"""
import datetime
import json
import sys

import boto3
import botocore.auth
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

URL = sys.argv[1]
VERIFY = sys.argv[2] if len(sys.argv) > 2 else None
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MESSAGES = [{"role": "user", "content": [{"text": "Hello world"}]}]


def client(service="bedrock-runtime", key=KEY, secret=SECRET, token=None, region="us-east-1", fault=None):
    c = boto3.client(
        service, endpoint_url=URL, region_name=region, verify=VERIFY,
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30))
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


def converse():
    r = client().converse(modelId=CLAUDE, messages=MESSAGES, inferenceConfig={"maxTokens": 100})
    assert "mock" in r["output"]["message"]["content"][0]["text"], r
    assert r["stopReason"] == "end_turn" and r["usage"]["totalTokens"] > 0 and r["metrics"]["latencyMs"] > 0, r
    assert len(r["ResponseMetadata"]["RequestId"]) == 36, r
    client(token="any+token/==").converse(modelId="amazon.nova-lite-v1:0", messages=MESSAGES)
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + CLAUDE
    client(region="eu-west-1").converse(modelId=arn, messages=MESSAGES)


def converse_stream():
    events = list(client().converse_stream(modelId=CLAUDE, messages=MESSAGES)["stream"])
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert "mock" in text and "Hello world" in text, text
    assert "messageStart" in events[0] and "messageStop" in events[-2] and "metadata" in events[-1], events


def invoke_model():
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50,
                       "messages": [{"role": "user", "content": "Hello world"}]})
    r = client().invoke_model(modelId=CLAUDE, body=body)
    assert "mock" in json.loads(r["body"].read())["content"][0]["text"]
    assert r["contentType"] == "application/json"
    r = client().invoke_model(modelId="amazon.titan-text-express-v1", body=json.dumps({"inputText": "Hello"}))
    assert "mock" in json.loads(r["body"].read())["results"][0]["outputText"]


def invoke_model_with_response_stream():
    r = client().invoke_model_with_response_stream(modelId="meta.llama3-1-8b-instruct-v1:0", body=json.dumps({"prompt": "Hello world"}))
    chunks = [json.loads(e["chunk"]["bytes"]) for e in r["body"]]
    assert "Hello world" in "".join(c["generation"] for c in chunks), chunks
    assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0, chunks[-1]


def count_tokens():
    r = client().count_tokens(modelId="anthropic.claude-3-haiku-20240307-v1:0", input={"converse": {"messages": MESSAGES}})
    assert r["inputTokens"] > 0, r
    body = json.dumps({"prompt": "Hello world"}).encode()
    assert client().count_tokens(modelId="meta.llama3-1-8b-instruct-v1:0", input={"invokeModel": {"body": body}})["inputTokens"] > 0


def tool_use():
    tools = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {
        "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}}],
        "toolChoice": {"any": {}}}
    r = client().converse(modelId=CLAUDE, messages=MESSAGES, toolConfig=tools)
    use = r["output"]["message"]["content"][0]["toolUse"]
    assert r["stopReason"] == "tool_use" and isinstance(use["input"]["city"], str) and isinstance(use["input"]["days"], int), r
    turn = [*MESSAGES, r["output"]["message"], {"role": "user", "content": [{"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "sunny"}]}}]}]
    del tools["toolChoice"]
    r = client().converse(modelId=CLAUDE, messages=turn, toolConfig=tools)
    assert "sunny" in r["output"]["message"]["content"][0]["text"], r
    raises("ValidationException", lambda: client().converse(modelId=CLAUDE, messages=turn[:2] + MESSAGES, toolConfig=tools))


def structured_output():
    schema = json.dumps({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False})
    config = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema, "name": "n"}}}}
    r = client().converse(modelId=CLAUDE, messages=MESSAGES, outputConfig=config)
    assert isinstance(json.loads(r["output"]["message"]["content"][0]["text"])["n"], int), r


def lists():
    c = client("bedrock")
    models = c.list_foundation_models(byOutputModality="TEXT")["modelSummaries"]
    assert any(m["modelId"] == "amazon.nova-lite-v1:0" for m in models), models
    profiles = [p for page in c.get_paginator("list_inference_profiles").paginate(typeEquals="SYSTEM_DEFINED", PaginationConfig={"PageSize": 5})
                for p in page["inferenceProfileSummaries"]]
    ids = [p["inferenceProfileId"] for p in profiles]
    assert CLAUDE in ids and len(ids) == len(set(ids)) > 10, ids
    assert isinstance(profiles[0]["createdAt"], datetime.datetime)
    assert c.get_inference_profile(inferenceProfileIdentifier=CLAUDE)["status"] == "ACTIVE"
    assert c.get_foundation_model(modelIdentifier="amazon.nova-lite-v1:0")["modelDetails"]["providerName"] == "Amazon"
    assert c.get_foundation_model_availability(modelId="amazon.nova-lite-v1:0")["authorizationStatus"] == "AUTHORIZED"


def guardrail():
    r = client().apply_guardrail(guardrailIdentifier="abc123", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "write to a@example.com"}}])
    assert r["action"] == "GUARDRAIL_INTERVENED" and r["usage"]["sensitiveInformationPolicyUnits"] == 1, r
    r = client().converse(modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "I am a@example.com"}]}],
                          guardrailConfig={"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": "enabled"})
    assert r["stopReason"] == "guardrail_intervened" and "abc123" in r["trace"]["guardrail"]["inputAssessment"], r


def async_invoke():
    c = client()
    arn = c.start_async_invoke(modelId="amazon.nova-reel-v1:1", modelInput={"taskType": "TEXT_VIDEO"},
                               outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://some-bucket/x"}})["invocationArn"]
    assert c.get_async_invoke(invocationArn=arn)["status"] == "Completed"
    assert c.list_async_invokes(maxResults=1)["asyncInvokeSummaries"][0]["invocationArn"] == arn


def refused():
    def call(**how):
        return lambda: client(**how).converse(modelId=CLAUDE, messages=MESSAGES)
    e = raises("InvalidSignatureException", call(secret="wrong"))
    assert "The Canonical String for this request should have been" in str(e), e
    raises("UnrecognizedClientException", call(key="AKIDNOBODY"))
    raises("InvalidSignatureException", call(region="nowhere"))
    real = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *a, **k: real(*a, **k) - datetime.timedelta(hours=1)
    try:
        e = raises("InvalidSignatureException", call())
        assert "Signature expired" in str(e), e
    finally:
        botocore.auth.get_current_datetime = real


def typed_exceptions():
    c = client()
    for model, exception in [("does-not-exist", c.exceptions.ValidationException), ("anthropic.claude-instant-v1", c.exceptions.ResourceNotFoundException)]:
        try:
            c.converse(modelId=model, messages=MESSAGES)
        except exception:
            continue
        raise AssertionError(model)
    for name in ["ThrottlingException", "ModelNotReadyException", "ServiceUnavailableException", "AccessDeniedException", "ModelErrorException", "ModelTimeoutException", "InternalServerException"]:
        c = client(fault=name)
        raises(name, lambda: c.converse(modelId=CLAUDE, messages=MESSAGES), getattr(c.exceptions, name))


def midstream_exceptions():
    names = ["internalServerException", "modelStreamErrorException", "serviceUnavailableException", "throttlingException", "validationException"]
    for name in names:
        stream = client(fault=name + "; at=3").converse_stream(modelId=CLAUDE, messages=MESSAGES)["stream"]
        got = []
        raises(name, lambda: got.extend(stream), EventStreamError)
    for name in names + ["modelTimeoutException"]:
        stream = client(fault=name + "; at=1").invoke_model_with_response_stream(modelId="meta.llama3-1-8b-instruct-v1:0", body=b'{"prompt":"Hi"}')["body"]
        raises(name, lambda: list(stream), EventStreamError)


def broken_streams():
    from botocore.eventstream import ChecksumMismatch
    for fault, exception in [("bad-prelude; at=2", ChecksumMismatch), ("bad-message; at=2", ChecksumMismatch), ("close; bytes=100", Exception)]:
        stream = client(fault=fault).converse_stream(modelId=CLAUDE, messages=MESSAGES)["stream"]
        try:
            list(stream)
        except exception:
            continue
        raise AssertionError(fault)
    assert len(list(client(fault="byte-writes").converse_stream(modelId=CLAUDE, messages=MESSAGES)["stream"])) > 8
    assert len(list(client(fault="one-write").converse_stream(modelId=CLAUDE, messages=MESSAGES)["stream"])) > 8


for check in [converse, converse_stream, invoke_model, invoke_model_with_response_stream, count_tokens, tool_use, structured_output,
              lists, guardrail, async_invoke, refused, typed_exceptions, midstream_exceptions, broken_streams]:
    check()
    print("ok", check.__name__)
