#!/usr/bin/env python3
"""CPU per message of HL7 v2 and per result in it, read from a file and by MLLP: benches/messages.py PROGRAM [MESSAGES]

Each message is an ORU^R01 of five results of one person; by MLLP, four connections send one after the other's answer."""
import os, re, resource, socket, subprocess, sys, tempfile, threading, time
from pathlib import Path

program, count = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
RESULTS = [("718-7", "g/dL", 13), ("6690-2", "10*3/uL", 7), ("777-3", "10*3/uL", 230), ("2160-0", "mg/dL", 1), ("1751-7", "g/dL", 4)]


def message(n):
    at = f"202602{n % 28 + 1:02}08{n % 60:02}00+0100"
    lines = [f"MSH|^~\\&|LAB|HOSP|GATE|TRIAL|{at}||ORU^R01^ORU_R01|M{n}|P|2.5.1",
             f"PID|1||p{n % 1000}^^^HOSP^MR||X^Y||19700101|F", f"OBR|1|{n}|F{n}^LAB|24323-8^PANEL^LN|||{at}|||||||||||||||{at}|||F"]
    for k, (code, unit, mean) in enumerate(RESULTS, 1):
        lines.append(f"OBX|{k}|NM|{code}^{code}^LN||{mean}.{n % 10}|{unit}^^UCUM||||||F|||{at}")
    return "\r".join(lines) + "\r"


def cpu(pid):
    ticks = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(ticks[11]) + int(ticks[12])) * 10_000


with tempfile.TemporaryDirectory() as work:
    work = Path(work)
    (work / "all.hl7").write_text("".join(message(n) for n in range(count)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, "import", "all.hl7", "--store", "sqlite:file.db"], cwd=work, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    used = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e6 / count
    print(f"file: {used:.1f} us CPU a message, {used / len(RESULTS):.1f} a result, {after.ru_maxrss >> 10} MB at most")
    (work / "site.toml").write_text('store = "sqlite:mllp.db"\nlisten = "127.0.0.1:0"\nassess = false\n'
                                    '[sources.main]\nzone = "Europe/Berlin"\n[sources.main.mllp]\nlisten = "127.0.0.1:0"\n')
    serving = subprocess.Popen([program, "serve", "--config", "site.toml"], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = None
        for line in serving.stdout:
            found = re.search(r"messages of \S+ are taken on 127\.0\.0\.1:(\d+)", line)
            if found:
                port = int(found[1])
                break
        assert port, "no listener was named"

        def send(start):
            peer = socket.create_connection(("127.0.0.1", port))
            for n in range(start, count, 4):
                peer.sendall(b"\x0b" + message(n).encode() + b"\x1c\x0d")
                answer = b""
                while not answer.endswith(b"\x1c\x0d"):
                    answer += peer.recv(65536)
                assert b"|AA|" in answer, answer
            peer.close()

        since, began = cpu(serving.pid), time.monotonic()
        senders = [threading.Thread(target=send, args=(k,)) for k in range(4)]
        [s.start() for s in senders], [s.join() for s in senders]
        used, took = (cpu(serving.pid) - since) / count, time.monotonic() - began
        print(f"MLLP: {used:.1f} us CPU a message, {used / len(RESULTS):.1f} a result, {count / took:.0f} messages a second")
    finally:
        serving.terminate()
        serving.wait()
