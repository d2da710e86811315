"""A Bedrock on loopback that checks SigV4 signatures with botocore.

Prints its base URL as the first line and serves until its stdin is closed.
It answers the runtime's five operations with fixed texts, and 403 with the
canonical request that botocore expected when a signature does not match.
A request signed with the wrong region, service, key or clock is refused too.
"""

import base64
import datetime
import hashlib
import http.server
import json
import re
import struct
import sys
import threading
import zlib
from urllib.parse import unquote

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION, SERVICE = "us-east-1", "bedrock"
SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$")
ROUTE = re.compile(r"^/model/([^/]+)/(converse|converse-stream|invoke|invoke-with-response-stream)$")


class Refused(Exception):
    pass


def verify(method, path, headers, body):
    """Raises Refused unless botocore signs this request the same way."""
    match = SCOPE.match(headers.get("Authorization", ""))
    if not match:
        raise Refused("no SigV4 Authorization header")
    key, day, region, service, signed, signature = match.groups()
    if (key, region, service) != (ACCESS_KEY, REGION, SERVICE):
        raise Refused(f"scope {key}/{region}/{service}")
    stamp = headers.get("X-Amz-Date", "")
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=datetime.timezone.utc)
    if abs(age.total_seconds()) > 300 or not stamp.startswith(day):
        raise Refused(f"date {stamp}")
    names = signed.split(";")
    must = {"host", "x-amz-date"} | {n.lower() for n in headers if n.lower().startswith("x-amz")}
    if not must <= set(names):
        raise Refused(f"unsigned headers {must - set(names)}")
    digest = hashlib.sha256(body).hexdigest()
    if headers.get("X-Amz-Content-Sha256", digest) != digest:
        raise Refused("X-Amz-Content-Sha256 is not the hash of the body")

    request = AWSRequest(method=method, url=f"http://{headers['Host']}{path}", data=body)
    for name in names:
        if name != "host":
            request.headers[name] = ",".join(headers.get_all(name, []))
    request.context["timestamp"] = stamp
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), service, region)
    canonical = auth.canonical_request(request)
    string_to_sign = auth.string_to_sign(request, canonical)
    if auth.signature(string_to_sign, request) != signature:
        raise Refused("The Canonical String for this request should have been\n'" + canonical + "'")


def frame(event_type, payload):
    """One event-stream message."""
    headers = b""
    for name, value in ((":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    data = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(data), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + data
    return message + struct.pack(">I", zlib.crc32(message))


def chunk(value):
    return frame("chunk", {"bytes": base64.b64encode(json.dumps(value).encode()).decode(), "p": "abc"})


CONVERSE = {"output": {"message": {"role": "assistant", "content": [{"text": "signed well"}]}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 1}}
CONVERSE_STREAM = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "signed "}}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "well"}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": CONVERSE["usage"], "metrics": {"latencyMs": 1}}),
]
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 1, "outputTokenCount": 2, "invocationLatency": 3, "firstByteLatency": 1}}
CHAT = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "signed well"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}


def invoke_stream(family):
    """The chunks of an InvokeModelWithResponseStream: Claude's, or Nova's."""
    if "claude" in family:
        return [chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "signed well"}}),
                chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
                chunk({"type": "message_stop", **METRICS})]
    return [chunk({"contentBlockDelta": {"delta": {"text": "signed well"}, "contentBlockIndex": 0}}),
            chunk({"messageStop": {"stopReason": "end_turn"}}),
            chunk({"metadata": {"usage": CONVERSE["usage"]}, **METRICS})]


def invoke(family):
    if "claude" in family:
        return {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "signed well"}],
                "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2}}
    return CONVERSE


def sse(values):
    return b"".join(b"data: " + json.dumps(v).encode() + b"\n\n" for v in values) + b"data: [DONE]\n\n"


def answer(path, body):
    """Returns status, content type and body."""
    if path == "/openai/v1/chat/completions":
        if not body.get("stream"):
            return 200, "application/json", json.dumps(CHAT).encode()
        chunks = [{"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "signed well"}}]},
                  {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
        return 200, "text/event-stream", sse(chunks)
    match = ROUTE.match(path)
    if not match:
        return 404, "application/xml", b"<UnknownOperationException/>\n"
    model, operation = unquote(match.group(1)), match.group(2)
    stream = "application/vnd.amazon.eventstream"
    if operation == "converse":
        return 200, "application/json", json.dumps(CONVERSE).encode()
    if operation == "converse-stream":
        return 200, stream, b"".join(frame(*event) for event in CONVERSE_STREAM)
    if operation == "invoke":
        return 200, "application/json", json.dumps(invoke(model)).encode()
    return 200, stream, b"".join(invoke_stream(model))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write
    answer = staticmethod(answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            verify(self.command, self.path, self.headers, body)
            status, kind, data = self.answer(self.path, json.loads(body))
        except Refused as refused:
            status, kind, data = 403, "application/json", json.dumps({"message": str(refused)}).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("x-amzn-RequestId", "00000000-0000-4000-8000-000000000001")
        if status == 403:
            self.send_header("x-amzn-ErrorType", "InvalidSignatureException:http://internal.amazon.com/coral/com.amazon.coral.service/")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def serve(handler):
    """Listens in a thread and returns the base URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    print(serve(Handler), flush=True)
    sys.stdin.read()
