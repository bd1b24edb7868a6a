"""nomad.py LAB: how soon a development agent answers, 1,000 nodes that heartbeat, a list of 10,000 jobs, and
10,000 that find no room.

Needs the Python package msgpack. LAB is the program; its agents listen on free ports of 127.0.0.1.
"""
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import msgpack

NODES, JOBS, SECONDS = 1000, 10_000, 40
TICKS = os.sysconf("SC_CLK_TCK")


class Agent:
    """A development agent on ports of its own."""

    def __init__(self, lab, directory):
        held = [socket.socket() for _ in range(3)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        self.http, self.rpc, serf = (one.getsockname()[1] for one in held)
        for one in held:
            one.close()
        path = os.path.join(directory, "nomad.hcl")
        with open(path, "w") as file:
            file.write(f"ports {{\n  http = {self.http}\n  rpc = {self.rpc}\n  serf = {serf}\n}}\n")
            file.write("limits {\n  rpc_max_conns_per_client = 0\n}\n")
        begun = time.perf_counter()
        command = [lab, "nomad", "agent", "-dev", "-bind=127.0.0.1", "-config=" + path]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                if len(self.ask("GET", "/v1/status/leader")) > 4:
                    break
            except OSError:
                pass
            time.sleep(0.001)
        self.ready = 1000 * (time.perf_counter() - begun)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=60)
        connection.request(method, path, body)
        return connection.getresponse().read()

    def processor(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        lines = open(f"/proc/{self.process.pid}/status").readlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def end(self):
        self.process.kill()
        self.process.wait()


class Rpc:
    """A connection to the RPC port."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"\x01")
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
        self.number = 0

    def next(self):
        while True:
            try:
                return self.unpacker.unpack()
            except msgpack.OutOfData:
                data = self.socket.recv(65536)
                if not data:
                    raise EOFError
                self.unpacker.feed(data)

    def call(self, method, body):
        self.number += 1
        self.socket.sendall(msgpack.packb({"ServiceMethod": method, "Seq": self.number}) + msgpack.packb(body))
        head, answer = self.next(), self.next()
        if head.get("Error"):
            raise RuntimeError(head["Error"])
        return answer


def start(lab, directory):
    agents = []
    for _ in range(5):
        agent = Agent(lab, directory)
        time.sleep(0.3)
        agents.append((agent.ready, agent.resident()))
        agent.end()
    print(f"ready: {sorted(ready for ready, _ in agents)[2]:.0f} ms, resident {max(size for _, size in agents):.0f} MiB")


def heartbeats(lab, directory):
    agent = Agent(lab, directory)
    try:
        nodes = [(str(uuid.uuid4()), str(uuid.uuid4())) for _ in range(NODES)]
        connections = [Rpc(agent.rpc) for _ in range(100)]
        due, begun = {}, time.time()
        for number, (node, secret) in enumerate(nodes):
            described = {"ID": node, "SecretID": secret, "Name": f"n{number}", "Datacenter": "dc1", "NodePool": "default",
                         "Status": "ready", "Attributes": {"kernel.name": "linux"}, "HTTPAddr": "127.0.0.1:1", "Drivers": {}}
            answer = connections[number % 100].call(
                "Node.Register", {"Region": "global", "AuthToken": secret, "Node": described})
            due[number] = begun + answer["HeartbeatTTL"] / 1e9 * number / NODES
        count, processor, begun = 0, agent.processor(), time.time()
        while time.time() < begun + SECONDS:
            for number in [number for number, at in due.items() if at <= time.time()]:
                node, secret = nodes[number]
                answer = connections[number % 100].call(
                    "Node.UpdateStatus", {"Region": "global", "AuthToken": secret, "NodeID": node, "Status": "ready"})
                due[number] = time.time() + answer["HeartbeatTTL"] / 1e9
                count += 1
            time.sleep(0.02)
        took = time.time() - begun
        share = 100 * (agent.processor() - processor) / took
        ready = sum(node["Status"] == "ready" for node in json.loads(agent.ask("GET", "/v1/nodes")))
        print(f"{NODES} nodes: {count / took:.0f} heartbeats a second, {share:.2f}% of one core, {ready - 1} ready, "
              f"resident {agent.resident():.0f} MiB")
    finally:
        agent.end()


def register(agent, connection, count, what):
    begun, processor = time.time(), agent.processor()
    # More than a node has.
    task = {"Name": "t", "Driver": "raw_exec", "Config": {"command": "sleep"}, "Resources": {"CPU": 100_000}}
    for number in range(JOBS):
        name = f"job-{number:05}"
        job = {"ID": name, "Name": name, "TaskGroups": [{"Name": "g", "Count": count, "Tasks": [task]}]}
        connection.request("PUT", "/v1/jobs", json.dumps({"Job": job}))
        connection.getresponse().read()
    print(f"{JOBS} jobs {what} registered in {time.time() - begun:.0f} s, "
          f"{agent.processor() - processor:.0f} s of the processor")


def waiting_jobs(lab, directory):
    agent = Agent(lab, directory)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", agent.http, timeout=60)
        register(agent, connection, 1, "that find no room")
    finally:
        agent.end()


def jobs(lab, directory):
    agent = Agent(lab, directory)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", agent.http, timeout=60)
        register(agent, connection, 0, "that run nothing")
        time.sleep(3)
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            connection.request("GET", "/v1/jobs")
            body = connection.getresponse().read()
            times.append(1000 * (time.perf_counter() - begun))
        print(f"listed in {sorted(times)[2]:.0f} ms, {len(json.loads(body))} jobs, {len(body) / 1e6:.1f} MB, "
              f"resident {agent.resident():.0f} MiB")
    finally:
        agent.end()


with tempfile.TemporaryDirectory() as directory:
    start(sys.argv[1], directory)
    heartbeats(sys.argv[1], directory)
    jobs(sys.argv[1], directory)
    waiting_jobs(sys.argv[1], directory)
