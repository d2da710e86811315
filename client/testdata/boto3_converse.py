"""Converse requests that set every member boto3 knows, with boto3 as the judge.

python3 boto3_converse.py compare N
    sends N requests with boto3 to a server of its own, then prints that
    server's URL and the requests, one {"modelId", "request"} a line. From then
    on the server answers only what boto3 sent: the same path, the same JSON
    value, a signature that botocore accepts. It ends when its stdin does.

python3 boto3_converse.py answers N URL
    sends them to the Bedrock at URL and looks at what boto3 makes of the
    answers. It prints "ok" and the number of calls.
"""

import base64
import json
import random
import sys

import boto3
from botocore.config import Config

sys.dont_write_bytecode = True
import botocore_server  # noqa: E402

TEXTS = ["Hello", "grüße ☕ 😀", 'it\'s "quoted" \\ / <b>&amp;', "two\nlines\tand a tab", "\u2028 and \u0001", " spaces ", "0", "null"]
SCHEMA = '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}'
MODELS = ["amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0",
          "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1",
          "arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-endpoint", "mistral.mistral-7b-instruct-v0:2"]
MEDIA = ["image", "document", "video", "audio", "guardContent", "cachePoint", "searchResult"]


class Generator:
    """Makes requests by the service model that boto3 itself has."""

    def __init__(self, client):
        self.random = random.Random(6)
        self.turn = {}  # of unions and enums: how many members were taken
        self.seen = set()  # (shape, member)
        self.shape = client.meta.service_model.operation_model("Converse").input_shape

    def next(self, name, choices):
        """Takes the choices in turn, so that none is left out."""
        self.turn[name] = self.turn.get(name, -1) + 1
        return choices[self.turn[name] % len(choices)]

    def document(self, depth=0):
        r = self.random
        kind = r.randrange(7 if depth < 3 else 5)
        if kind == 5:
            return [self.document(depth + 1) for _ in range(r.randrange(3))]
        if kind == 6:
            return {r.choice(TEXTS): self.document(depth + 1) for _ in range(r.randrange(3))}
        return [None, True, r.randrange(-10**12, 10**12), round(r.uniform(-5, 5), 4), r.choice(TEXTS)][kind]

    def value(self, shape, name=""):
        r = self.random
        if getattr(shape, "is_document_type", False):
            return {"a": self.document(), "b c": self.document()}
        if shape.type_name == "structure":
            return self.structure(shape)
        if shape.type_name == "list":
            return [self.value(shape.member, name) for _ in range(r.randrange(max(1, shape.metadata.get("min", 0)), 3))]
        if shape.type_name == "map":
            return {key: self.value(shape.value) for key in r.sample(["a", "k 2", "key_3"], r.randrange(1, 3))}
        if shape.type_name == "string":
            special = {"schema": SCHEMA, "additionalModelResponseFieldPaths": "/stop_sequence", "stopSequences": "never " + r.choice(TEXTS)}
            return special.get(name) or (self.next(shape.name, shape.enum) if shape.enum else r.choice(TEXTS))
        if shape.type_name == "blob":
            return r.randbytes(r.randrange(1, 50))
        if shape.type_name == "integer":
            return r.randrange(1, 5000)
        if shape.type_name == "float":
            return round(r.random(), 3)
        assert shape.type_name == "boolean", shape
        return True

    def structure(self, shape, only=None):
        members = shape.members
        if shape.name == "ToolInputSchema":
            self.seen.add((shape.name, "json"))
            return {"json": {**json.loads(SCHEMA), "description": self.random.choice(TEXTS)}}
        if shape.is_tagged_union:
            names = [only or self.next(shape.name, list(members))]
        else:
            whole = shape.name.endswith("Location") and shape.name != "S3Location"
            names = [n for n in members if whole or n in shape.required_members or (shape.name, n) not in self.seen or self.random.random() < 0.6]
        self.seen.update((shape.name, n) for n in names)
        return {n: self.value(members[n], n) for n in names}

    def block(self, kind, **members):
        block = self.structure(self.shape.members["messages"].member.members["content"].member, kind)
        if members:
            block[kind].update(members)
        return block

    def request(self, i):
        r = self.random
        members = {n: self.value(s, n) for n, s in self.shape.members.items()
                   if n not in ("modelId", "messages", "toolConfig", "outputConfig") and r.random() < 0.5}
        self.seen.update((self.shape.name, n) for n in [*members, "modelId", "messages"])
        self.seen.update(("Message", n) for n in ("role", "content"))
        messages = [{"role": "user", "content": [self.block("text"), *[self.block(self.next("media", MEDIA)) for _ in range(r.randrange(4))]]}]
        if r.random() < 0.6:
            messages += self.tool_turns()
        if len(messages) > 1 or r.random() < 0.3:
            members["toolConfig"] = self.value(self.shape.members["toolConfig"])
            members["toolConfig"]["tools"].append({"toolSpec": self.structure(self.shape.members["toolConfig"].members["tools"].member.members["toolSpec"])})
            spec = members["toolConfig"]["tools"][-1]["toolSpec"]
            spec["name"] = f"tool_{i}"
            choice = members["toolConfig"].get("toolChoice", {})
            if "tool" in choice:
                choice["tool"]["name"] = spec["name"]
            self.seen.add((self.shape.name, "toolConfig"))
        elif r.random() < 0.5:
            members["outputConfig"] = self.value(self.shape.members["outputConfig"])
            self.seen.add((self.shape.name, "outputConfig"))
        # every request has a path of its own, by which its twin is found
        model = MODELS[i % len(MODELS)]
        if i >= len(MODELS):
            model = f"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a{i:03}"
        return {"modelId": model, "messages": messages, **members}

    def tool_turns(self):
        answer = [self.block(k) for k in self.random.sample(["reasoningContent", "citationsContent", "text"], 2)]
        results = []
        for n in range(self.random.randrange(1, 4)):
            use = self.block("toolUse", toolUseId=f"id.{n}")
            result = self.block("toolResult", toolUseId=use["toolUse"]["toolUseId"])
            answer.append(use)
            if "type" in use["toolUse"]:  # the service answers its own
                result["toolResult"]["type"] = "nova_code_interpreter_result"
                answer.append(result)
            else:
                result["toolResult"].pop("type", None)
                results.append(result)
        results.append(self.block("text"))
        return [{"role": "assistant", "content": answer}, {"role": "user", "content": results}]

    def missing(self):
        """The members of the service model that no request had."""
        want, todo = set(), [self.shape]
        while todo:
            shape = todo.pop()
            if shape.type_name == "structure":
                new = {(shape.name, n) for n in shape.members} - want
                want |= new
                todo += [shape.members[n] for _, n in new]
            elif shape.type_name == "list":
                todo.append(shape.member)
            elif shape.type_name == "map":
                todo.append(shape.value)
        return sorted(want - self.seen)


def plain(value):
    """The value as Bedrock's JSON has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def client(url):
    return boto3.client(
        "bedrock-runtime", endpoint_url=url, region_name=botocore_server.REGION, aws_access_key_id=botocore_server.ACCESS_KEY,
        aws_secret_access_key=botocore_server.SECRET_KEY, config=Config(retries={"total_max_attempts": 1}))


def requests(c, n):
    generator = Generator(c)
    made = [generator.request(i) for i in range(n)]
    assert n < 50 or not generator.missing(), generator.missing()
    return made


def difference(got, want, path="body"):
    """Where two JSON values part, or None."""
    if isinstance(got, dict) and isinstance(want, dict):
        for k in sorted(got.keys() | want.keys()):
            if k not in got or k not in want:
                return f"{path}.{k} is only in {'boto3' if k in want else 'this'}'s request"
            if d := difference(got[k], want[k], f"{path}.{k}"):
                return d
        return None
    if isinstance(got, list) and isinstance(want, list) and len(got) == len(want):
        return next(filter(None, (difference(g, w, f"{path}.{i}") for i, (g, w) in enumerate(zip(got, want)))), None)
    same = got == want and isinstance(got, bool) == isinstance(want, bool)
    return None if same else f"{path} is {got!r}, boto3's {want!r}"


class Twin(botocore_server.Handler):
    """Learns what boto3 sends, then wants the same of everybody else."""
    sent, learning = {}, True

    def answer(self, path, body):
        if Twin.learning:
            Twin.sent[path] = body
        elif path not in Twin.sent:
            return 400, "application/json", json.dumps({"message": "boto3 sent nothing to " + path}).encode()
        elif d := difference(body, Twin.sent[path]):
            return 400, "application/json", json.dumps({"message": d}).encode()
        return botocore_server.answer(path, body)


def compare(n):
    url = botocore_server.serve(Twin)
    c = client(url)
    made = requests(c, n)
    for r in made:
        c.converse(**r)
        list(c.converse_stream(**r)["stream"])
    assert len(Twin.sent) == 2 * n, len(Twin.sent)
    Twin.learning = False
    print(url)
    for r in made:
        request = plain(r)
        print(json.dumps({"modelId": request.pop("modelId"), "request": request}))
    sys.stdout.flush()
    sys.stdin.read()


def answers(n, url):
    c = client(url)
    calls = 0
    for i, r in enumerate(requests(c, n)):
        whole = c.converse(**r)
        message = whole["output"]["message"]
        assert message["role"] == "assistant" and message["content"] and all(len(b) == 1 for b in message["content"]), (r, whole)
        assert whole["stopReason"] in ("end_turn", "tool_use", "max_tokens", "guardrail_intervened"), whole
        assert whole["usage"]["totalTokens"] > 0 and "latencyMs" in whole["metrics"], whole
        for member in ("performanceConfig", "serviceTier"):
            assert whole.get(member) == r.get(member), (member, r.get(member), whole)
        assert ("trace" in whole) == (r.get("guardrailConfig", {}).get("trace", "").startswith("enabled")), (r, whole)
        events = list(c.converse_stream(**r)["stream"])
        names = [name for e in events for name in e]
        assert names[0] == "messageStart" and names[-2:] == ["messageStop", "metadata"], names
        deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
        text = "".join(d.get("text", "") for d in deltas)
        assert text == "".join(b.get("text", "") for b in message["content"]), (text, message)
        tools = [e["contentBlockStart"]["start"]["toolUse"]["name"] for e in events if "contentBlockStart" in e]
        assert tools == [b["toolUse"]["name"] for b in message["content"] if "toolUse" in b], (tools, message)
        assert events[-2]["messageStop"]["stopReason"] == whole["stopReason"], events[-2]
        assert events[-1]["metadata"]["usage"] == whole["usage"], events[-1]
        calls += 2
    print("ok", calls)


if __name__ == "__main__":
    {"compare": compare, "answers": answers}[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
