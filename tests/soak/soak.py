#!/usr/bin/env python3
"""A soak of the live agent: does it stay as it is, for as long as one likes to wait?

    tests/soak/soak.py target/release/lanner                  # ten minutes, as root
    tests/soak/soak.py target/release/lanner --minutes 60 --reload 30 --limit 200

The agent runs with the rules inside the program, a web server, and two outputs: a file, and HTTP to a receiver in this script,
which dies for 20 s of every 90 and loses nothing, for there is a spool. Meanwhile processes are forked and end, files are made,
read and removed, connections come and go; each minute the agent is told to reload. Every 10 s a line tells what it takes.

The verdict is by slopes over the second half, when everything has been seen once: memory, descriptors and threads must not grow. Lost
events, lag, refused reloads and alerts that one output has and the other has not fail it too. Exit code 0: passed.
"""

import argparse
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

INTERVAL = 10
DEAD, CYCLE = 20, 90


class Receiver:
    """Takes alerts, and is away at times: connections are refused then."""

    def __init__(self):
        self.bodies, self.lock, self.server = 0, threading.Lock(), None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.live()

    def live(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                with outer.lock:
                    outer.bodies += 1
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def die(self):
        server, self.server = self.server, None
        if server:
            server.shutdown()
            server.server_close()


def workload(folder, port, stop):
    """Forks, files and connections, one kind after the other, without end."""
    n = 0
    while not stop.is_set():
        n += 1
        subprocess.run(["/bin/sh", "-c", "cat /etc/hostname /etc/passwd >/dev/null; ls / >/dev/null; true"], check=False)
        # What a default rule is about.
        subprocess.run(["/bin/cat", "/etc/shadow"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for i in range(50):
            path = os.path.join(folder, f"file-{n % 100}-{i}")
            with open(path, "w") as file:
                file.write("x" * 4096)
            with open(path) as file:
                file.read()
            os.unlink(path)
        for _ in range(5):
            with socket.socket() as connection:
                connection.settimeout(1)
                connection.connect_ex(("127.0.0.1", port))
        stop.wait(0.05)


def page(port):
    """The metrics: name with labels to value."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def total(metrics, name, having=""):
    return sum(value for key, value in metrics.items() if key.split("{")[0] == name and having in key)


def status(pid, word):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"^{word}:\s+(\d+)", file.read(), re.M).group(1))


def sample(pid, port, begin):
    metrics = page(port)
    return {
        "s": round(time.time() - begin),
        "rss": status(pid, "VmRSS") / 1024,
        "anon": status(pid, "RssAnon") / 1024,
        "fds": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": status(pid, "Threads"),
        "events": total(metrics, "lanner_source_events_total"),
        "drops": total(metrics, "lanner_drops_total"),
        "lag": total(metrics, "lanner_source_lag_seconds"),
        "waiting": total(metrics, "lanner_output_queue_depth") + total(metrics, "lanner_output_spool_alerts"),
        "lost": total(metrics, "lanner_output_dropped_total"),
        "alerts": total(metrics, "lanner_output_alerts_total", 'output="file",result="sent"'),
        "shed": total(metrics, "lanner_memory_shed_total"),
    }


COLUMNS = ["s", "rss", "anon", "fds", "threads", "events", "drops", "lag", "waiting", "lost", "alerts", "shed"]


def row(values):
    print(" ".join(f"{values[c]:>9.3f}" if c == "lag" else f"{values[c]:>9.1f}" if c in ("rss", "anon") else f"{values[c]:>9.0f}"
                   for c in COLUMNS), flush=True)


def slope(samples, column):
    """Growth per minute, by least squares."""
    xs = [sample["s"] / 60 for sample in samples]
    ys = [sample[column] for sample in samples]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((a - x) ** 2 for a in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / spread if spread else 0.0


def verdict(samples, minutes, refused, delivered):
    half = samples[len(samples) // 2:]
    last = samples[-1]
    checks = [
        ("anonymous memory grows by less than 0.3 MB a minute", slope(half, "anon"), 0.3 if minutes >= 5 else 3.0),
        ("descriptors do not grow (a minute)", slope(half, "fds"), 0.5 if minutes >= 5 else 3.0),
        ("threads do not grow (a minute)", slope(half, "threads"), 0.2),
        ("share of events lost", last["drops"] / max(last["events"], 1), 0.001),
        ("lag, s", max(sample["lag"] for sample in half), 1.0),
        ("alerts lost by outputs", last["lost"], 0),
        ("reloads refused", refused, 0),
        ("alerts that only one output has", delivered, 0),
    ]
    failed = False
    for what, value, most in checks:
        bad = value > most
        failed |= bad
        print(f"{'FAIL' if bad else 'ok  '} {what}: {value:.4g} (at most {most})")
    return failed


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("lanner")
    ask.add_argument("--minutes", type=float, default=10)
    ask.add_argument("--reload", type=float, default=60, help="seconds between reloads")
    ask.add_argument("--limit", type=int, default=0, help="memory.limit_mb")
    ask.add_argument("--keep", help="keep configuration, log and alerts in this folder")
    args = ask.parse_args()
    folder = args.keep or tempfile.mkdtemp(prefix="lanner-soak-")
    os.makedirs(folder, exist_ok=True)
    receiver = Receiver()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = {
        "engine": {"kind": "modern_ebpf"},
        "rules_files": ["builtin:syscall"],
        "plugins": [{"name": "container", "library_path": "libcontainer.so"}],
        "json_output": True,
        "log_stderr": True,
        "log_syslog": False,
        "file_output": {"enabled": True, "keep_alive": True, "filename": f"{folder}/alerts.jsonl"},
        "http_output": {"enabled": True, "url": f"http://127.0.0.1:{receiver.port}/"},
        "outputs_spool": {"enabled": True, "folder": f"{folder}/spool"},
        "metrics": {"enabled": True, "interval": "1h"},
        "webserver": {"enabled": True, "listen_address": "127.0.0.1", "listen_port": port,
                      "prometheus_metrics_enabled": True},
        "memory": {"limit_mb": args.limit},
    }
    with open(f"{folder}/lanner.yaml", "w") as file:
        json.dump(config, file)
    log = open(f"{folder}/log.txt", "w")
    agent = subprocess.Popen([args.lanner, "-c", f"{folder}/lanner.yaml"], stdout=log, stderr=log)
    stop, samples = threading.Event(), []
    try:
        for _ in range(120):
            time.sleep(0.5)
            try:
                page(port)
                break
            except OSError:
                if agent.poll() is not None:
                    sys.exit(f"the agent ended with {agent.returncode}: see {folder}/log.txt")
        work = threading.Thread(target=workload, args=(folder, port, stop), daemon=True)
        work.start()
        print(" ".join(f"{c:>9}" for c in COLUMNS))
        begin = time.time()
        next_sample, next_reload, reloads = begin + INTERVAL, begin + args.reload, 0
        while time.time() - begin < args.minutes * 60:
            time.sleep(0.5)
            now = time.time()
            away = (now - begin) % CYCLE > CYCLE - DEAD
            if away and receiver.server:
                receiver.die()
            elif not away and not receiver.server:
                receiver.live()
            if now >= next_reload:
                agent.send_signal(signal.SIGHUP)
                next_reload += args.reload
                reloads += 1
            if now >= next_sample:
                samples.append(sample(agent.pid, port, begin))
                row(samples[-1])
                next_sample += INTERVAL
        stop.set()
        work.join()
        if not receiver.server:
            receiver.live()
        for _ in range(60):
            time.sleep(1)
            if total(page(port), "lanner_output_queue_depth") + total(page(port), "lanner_output_spool_alerts") == 0:
                break
    finally:
        stop.set()
        if agent.poll() is None:
            agent.send_signal(signal.SIGTERM)
        code = agent.wait(timeout=30)
        log.close()
    with open(f"{folder}/log.txt") as file:
        refused = file.read().count("Reload refused")
    with open(f"{folder}/alerts.jsonl") as file:
        lines = sum(1 for _ in file)
    print(f"{reloads} reloads; {lines} alerts in the file, {receiver.bodies} by HTTP; exit code {code}")
    failed = verdict(samples, args.minutes, refused, abs(lines - receiver.bodies)) or code != 0
    print("FAILED" if failed else "passed", f"({folder})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
