"""A bucket that takes its time: slow.py FILE SECONDS serves the file as every object, in pieces over so many seconds. Prints its
address."""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

with open(sys.argv[1], "rb") as file:
    OBJECT = file.read()
SECONDS, PIECES = float(sys.argv[2]), 40


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(OBJECT)))
        self.end_headers()
        size = len(OBJECT) // PIECES + 1
        for start in range(0, len(OBJECT), size):
            self.wfile.write(OBJECT[start : start + size])
            self.wfile.flush()
            time.sleep(SECONDS / PIECES)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
