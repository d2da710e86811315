"""boto3 streams a Converse: python3 boto3_stream.py URL

Prints each event as a line of JSON when it has arrived.
"""
import json
import sys

import boto3
from botocore.config import Config

client = boto3.client("bedrock-runtime", endpoint_url=sys.argv[1], region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}, read_timeout=60))
answer = client.converse_stream(
    modelId="us.amazon.nova-2-lite-v1:0",
    messages=[{"role": "user", "content": [{"text": "Hello world"}]}],
    inferenceConfig={"maxTokens": 50, "temperature": 0.5},
)
for event in answer["stream"]:
    print(json.dumps(event, sort_keys=True), flush=True)
