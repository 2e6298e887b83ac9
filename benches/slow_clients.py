#!/usr/bin/env python3
"""Slow clients of four kinds, kept at their number for a while, beside one normal client at a time.

usage: benches/slow_clients.py PROGRAM [CLIENTS] [SECONDS]
Prints how long each kind was let be, and how the normal requests fared without and with them.
"""
import asyncio, os, statistics, subprocess, sys, tempfile, time

program, clients, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500, float(sys.argv[3]) if len(sys.argv) > 3 else 60.0
PATIENT = b'{"resourceType":"Patient","id":"%d","gender":"female"}'


async def drip(reader, writer, first):
    """Sends this, then a byte a second, until it is closed."""
    writer.write(first)
    async def drops():
        while True:
            await asyncio.sleep(1)
            writer.write(b"a")
            await writer.drain()
    task = asyncio.ensure_future(drops())
    try:
        while await reader.read(65536):
            pass
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def silent(reader, writer):
    await reader.read()


async def headers(reader, writer):
    await drip(reader, writer, b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nX-Slow: ")


async def body(reader, writer):
    await drip(reader, writer, b"POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000\r\n\r\n{")


async def unread(reader, writer):
    """Asks for ever and takes nothing."""
    reader._transport.pause_reading() if hasattr(reader, "_transport") else None
    while True:
        writer.write(b"GET /fhir/metadata HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
        await writer.drain()


async def slow(kind, port, until, lived):
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        began = time.monotonic()
        try:
            await kind(reader, writer)
        except (ConnectionError, OSError):
            pass
        lived.setdefault(kind.__name__, []).append(time.monotonic() - began)
        writer.close()


async def normal(port, until, times):
    n = 0
    while time.monotonic() < until:
        n += 1
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        text = PATIENT % (n % 50)
        writer.write(b"PUT /fhir/Patient/%d HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n" % (n % 50, len(text)) + text)
        answer = await reader.read()
        assert answer.split(b" ")[1] in (b"200", b"201"), answer
        writer.close()
        times.append(time.monotonic() - began)
        await asyncio.sleep(0.02)


def show(label, times):
    times = sorted(times)
    print(f"{label}: {len(times)} requests, all answered; p50 {statistics.median(times) * 1e3:.1f} ms, p99 {times[int(len(times) * 0.99)] * 1e3:.1f} ms")


async def run(port, pid):
    idle, busy, lived = [], [], {}
    await normal(port, time.monotonic() + min(10, seconds), idle)
    show("normal requests alone", idle)
    until = time.monotonic() + seconds
    kinds = [silent, headers, body, unread]
    crowd = [slow(kinds[n % 4], port, until, lived) for n in range(clients)]
    await asyncio.gather(normal(port, until, busy), *crowd)
    show(f"normal requests beside {clients} slow connections for {seconds:.0f} s", busy)
    for kind, times in sorted(lived.items()):
        print(f"{kind}: {len(times)} connections, each closed after {min(times):.1f} to {max(times):.1f} s")
    status = open(f"/proc/{pid}/status").read()
    print("memory at most:", next(l.split()[1] for l in status.splitlines() if l.startswith("VmHWM")), "KiB")


with tempfile.TemporaryDirectory() as folder:
    server = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder}/s.db"],
                              stdout=subprocess.PIPE, env={**os.environ, "TRIALGATE_LOG": "error"})
    try:
        port = int(server.stdout.readline().decode().strip().rsplit(":", 1)[1])
        asyncio.run(run(port, server.pid))
    finally:
        server.terminate()
        server.wait()
