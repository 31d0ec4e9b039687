"""Makes the calls of AWS that a test reads from standard input, and prints each answer as a line of JSON.

calls.py ENDPOINT < [["s3", "put_object", {"Bucket": "b", "Key": "k", "Body": "path of a file"}], ...]
"""

import json
import sys

import boto3

endpoint, clients = sys.argv[1], {}
for service, call, arguments in json.load(sys.stdin):
    if service not in clients:
        clients[service] = boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
    if "Body" in arguments:
        with open(arguments["Body"], "rb") as file:
            arguments["Body"] = file.read()
    answer = getattr(clients[service], call)(**arguments)
    answer.pop("ResponseMetadata", None)
    print(json.dumps(answer, default=str), flush=True)
