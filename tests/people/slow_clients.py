"""Clients that never end: 500 bodies that drip, and 3,000 requests in chunks of which only the head comes.

    python3 tests/people/slow_clients.py

All of them must be closed within their deadlines, and the next ones take no more memory. Meanwhile tokens are read as fast as
ever: the time that 99 of 100 requests stay below is printed, and means something on an idle machine with a release build.
"""

import asyncio
import http.client
import json
import multiprocessing
import pathlib
import resource
import tempfile
import time

import tollbridge
from client import PASSWORD

BODY_TIMEOUT = 3
SHUTDOWN_TIMEOUT = 2
# A deadline, the time that actix-http leaves a client to close, and what a busy machine takes for itself.
CLOSED_SECONDS = BODY_TIMEOUT + 12
PAUSE = 1
ROUNDS = 3

SETTINGS = {
    "SERVER__BODY_TIMEOUT": f"{BODY_TIMEOUT}s",
    "SERVER__SHUTDOWN_TIMEOUT": f"{SHUTDOWN_TIMEOUT}s",
    "LOG__LEVEL": "error",
    # The memory of a hash is kept, and is not what is looked at.
    "PASSWORD__THREADS": "1",
}

FORM = "application/x-www-form-urlencoded"
# What drips: a path, the headers, the first bytes of the body, and what follows again and again.
DRIPS = [
    ("/login", f"Content-Type: {FORM}\r\nContent-Length: 2000", b"username=", b"a"),
    ("/login", f"Content-Type: {FORM}\r\nTransfer-Encoding: chunked", b"", b"1\r\na\r\n"),
    ("/login", "Content-Type: application/json\r\nContent-Length: 2000", b"{", b" "),
    ("/login", "Content-Type: application/json\r\nContent-Length: 100000", b"{", b" "),
    ("/login", "Content-Type: application/json\r\nTransfer-Encoding: chunked", b"", b"1\r\n \r\n"),
    ("/refresh", "Content-Type: application/json\r\nTransfer-Encoding: chunked", b"", b"1\r\n \r\n"),
    ("/logout", "Content-Type: application/octet-stream\r\nContent-Length: 1000000", b"", b"a"),
]
# What never begins.
UNFINISHED = ["POST /healthz", "GET /healthz", "POST /login", "POST /refresh", "POST /logout", "POST /nowhere", "GET /who_am_i"]


async def drip(port, number, closed):
    path, headers, beginning, piece = DRIPS[number % len(DRIPS)]
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode() + beginning
    await until_closed(port, head, piece, closed)


async def never_begin(port, number, closed):
    kind = "" if number % 2 else f"Content-Type: {FORM}\r\n"
    head = f"{UNFINISHED[number % len(UNFINISHED)]} HTTP/1.1\r\nHost: x\r\n{kind}Transfer-Encoding: chunked\r\n\r\n"
    await until_closed(port, head.encode(), b"", closed)


async def until_closed(port, head, piece, closed):
    """Adds the time until the server has closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    try:
        writer.write(head)
        while True:
            try:
                if not await asyncio.wait_for(reader.read(4096), PAUSE):
                    break
            except TimeoutError:
                writer.write(piece)
            if time.monotonic() - began > 3 * CLOSED_SECONDS:
                return
    except ConnectionError:
        pass
    finally:
        writer.close()
    closed.append(time.monotonic() - began)


async def crowd(port, dripping, unfinished, closed):
    clients = [drip(port, number, closed) for number in range(dripping)]
    clients += [never_begin(port, number, closed) for number in range(unfinished)]
    # So many at once, or some of them wait for a second in the kernel.
    for start in range(0, len(clients), 250):
        clients[start : start + 250] = map(asyncio.create_task, clients[start : start + 250])
        await asyncio.sleep(0.1)
    await asyncio.gather(*clients)


def memory(server):
    """The resident memory in MiB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def read_tokens(port, stop, results):
    """Reads a token 100 times a second, in a process of its own, and sends how long each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"username": "panther", "password": PASSWORD})
    connection.request("POST", "/login", body, {"Content-Type": "application/json"})
    token = json.load(connection.getresponse())["access_token"]
    took = []
    while not stop.is_set():
        began = time.monotonic()
        connection.request("GET", "/who_am_i", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        response.read()
        took.append(time.monotonic() - began)
        assert response.status == 200, response.status
        time.sleep(0.01)
    results.put(took)


def percentile(values, part):
    return sorted(values)[int(len(values) * part)]


def attack(server, dripping, unfinished):
    """Returns when each client was closed, and how long the token requests beside them took, in seconds."""
    closed, stop, results = [], multiprocessing.Event(), multiprocessing.Queue()
    beside = multiprocessing.Process(target=read_tokens, args=(server.port, stop, results))
    beside.start()
    asyncio.run(crowd(server.port, dripping, unfinished, closed))
    stop.set()
    took = results.get(timeout=30)
    beside.join()
    return closed, took


def stop_during(server, dripping):
    """Returns how long the server took to end, which was told to while bodies drip."""
    took = []

    async def stop():
        clients = asyncio.create_task(crowd(server.port, dripping, 0, []))
        await asyncio.sleep(1)
        began = time.monotonic()
        server.terminate()
        code = await asyncio.to_thread(server.wait)
        took.append(time.monotonic() - began)
        assert code == 0, code
        await clients

    asyncio.run(stop())
    return took[0]


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory() as directory:
        server = tollbridge.Server(directory, "--demo", **SETTINGS)
        assert server.url  # waits for it
        fresh = memory(server)
        # The allocator keeps most of what it had at the peak, and takes no more the next times.
        for _ in range(2):
            attack(server, 500, 3000)
        before = memory(server)
        for number in range(1, ROUNDS + 1):
            closed, took = attack(server, 500, 3000)
            print(
                f"{number}: {len(closed)} of 3500 closed, the last after {max(closed):.1f} s;"
                f" {len(took)} token requests, p50 {percentile(took, 0.5) * 1000:.1f} ms,"
                f" p99 {percentile(took, 0.99) * 1000:.1f} ms; {memory(server):.0f} MiB, before {before:.0f}, at the start {fresh:.0f}",
                flush=True,
            )
            assert len(closed) == 3500 and max(closed) < CLOSED_SECONDS
        after = memory(server)
        assert after < before * 1.2 + 8, f"{before:.0f} MiB have become {after:.0f} MiB"
        print(f"told to stop with 500 bodies dripping: ended after {stop_during(server, 500):.1f} s")


if __name__ == "__main__":
    main()
