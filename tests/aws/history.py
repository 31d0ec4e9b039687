"""A stand-in for CloudTrail's LookupEvents, which moto lacks: 120 events of the last ten minutes, the newest first, 50 on a page, and
refusals for whoever calls more often than twice a second. Prints its address."""

import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

NOW = int(time.time())
EVENTS = [
    {
        "EventId": f"event-{n}",
        "EventName": "StopLogging",
        "EventTime": NOW - 600 + 5 * n,
        "CloudTrailEvent": json.dumps(
            {
                "eventVersion": "1.10",
                "userIdentity": {"type": "IAMUser", "userName": "carol"},
                "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 600 + 5 * n)),
                "eventSource": "cloudtrail.amazonaws.com",
                "eventName": "StopLogging",
                "eventID": f"event-{n}",
                "eventType": "AwsApiCall",
            }
        ),
    }
    for n in range(120)
]
last = 0.0


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        global last
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"].endswith(".LookupEvents"), self.headers["X-Amz-Target"]
        often, last = time.monotonic() - last < 0.5, time.monotonic()
        if often:
            self.answer(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
            return
        start, end = body.get("StartTime", 0), body.get("EndTime", NOW + 3600)
        found = [event for event in reversed(EVENTS) if start <= event["EventTime"] <= end]
        offset, count = int(body.get("NextToken", 0)), body.get("MaxResults", 50)
        answer = {"Events": found[offset : offset + count]}
        if offset + count < len(found):
            answer["NextToken"] = str(offset + count)
        self.answer(200, answer)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
