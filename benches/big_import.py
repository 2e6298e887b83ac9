#!/usr/bin/env python3
"""Peak memory and CPU per line of one large NDJSON file, by size: imported as a file, and read as a Bulk Data export.

usage: benches/big_import.py PROGRAM [MB] [MATERIAL]
  MB        size of the largest file, 1000 when silent; a tenth of it is measured before, so that growth shows
  MATERIAL  folder with Patient.ndjson.gz and Observation.ndjson.gz, repeated under new ids; silent: generated lines
"""
import gzip, http.server, json, os, re, subprocess, sys, tempfile, threading, time
from pathlib import Path

program, megabytes = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
material = Path(sys.argv[3]) if len(sys.argv) > 3 else None
OWN, ABOUT = re.compile(r'"id":\s?"([^"]+)"'), re.compile(r'"reference":\s?"Patient/([^"]+)"')


def generated():
    for n in range(1000):
        yield json.dumps({"resourceType": "Patient", "id": f"p{n}", "gender": "female", "birthDate": "1980-01-01"})
    for n in range(100_000):
        yield json.dumps({
            "resourceType": "Observation", "id": f"o{n}", "status": "final",
            "meta": {"versionId": "1", "lastUpdated": f"2026-02-{n % 28 + 1:02}T08:00:00Z"},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": f"{1700 + n % 60}-7", "display": "A result"}, {"system": "urn:local", "code": f"L{n % 60}"}]},
            "subject": {"reference": f"Patient/p{n // 100}"}, "effectiveDateTime": f"2026-01-{n % 28 + 1:02}T07:{n % 60:02}:00+01:00",
            "issued": f"2026-01-{n % 28 + 1:02}T09:00:00Z",
            "valueQuantity": {"value": n % 900 / 10, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L"},
            "referenceRange": [{"low": {"value": 35, "unit": "g/L"}, "high": {"value": 52, "unit": "g/L"}}]})


def lines():
    if material is None:
        return list(generated())
    return [line.rstrip("\n") for kind in ("Patient", "Observation") for line in gzip.open(material / f"{kind}.ndjson.gz", "rt")]


def make(path, size, once):
    """Copies under new ids, so that each line is a resource of its own."""
    written = count = copy = 0
    with open(path, "w") as out:
        while written < size:
            for line in once:
                line = ABOUT.sub(rf'"reference":"Patient/\1-{copy}"', OWN.sub(rf'"id":"\1-{copy}"', line, count=1))
                out.write(line + "\n")
                written, count = written + len(line) + 1, count + 1
                if written >= size:
                    break
            copy += 1
    return count


class Hospital(http.server.BaseHTTPRequestHandler):
    """As much of a server as one export needs; its file is sent as it is read."""
    protocol_version = "HTTP/1.1"
    file = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_DELETE(self):
        self.answer(202)

    def do_GET(self):
        base = f"http://{self.headers['Host']}"
        if "$export" in self.path:
            return self.answer(202, Content_Location=f"{base}/status")
        if self.path == "/status":
            manifest = {"transactionTime": "2026-03-01T00:00:00Z", "request": base, "requiresAccessToken": False,
                        "output": [{"type": "Observation", "url": f"{base}/file"}], "error": []}
            return self.answer(200, json.dumps(manifest).encode(), Content_Type="application/json")
        self.send_response(200)
        self.send_header("Content-Length", str(os.path.getsize(self.file)))
        self.end_headers()
        with open(self.file, "rb") as source:
            while block := source.read(1 << 18):
                self.wfile.write(block)


def measure(label, count, arguments, environment={}):
    began = time.monotonic()
    child = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, env={**os.environ, **environment})
    told = json.loads(child.stdout.read())
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, f"{label}: ended with {status}: {told}"
    row = {"label": label, "lines": count, "lines_per_s": round(count / (time.monotonic() - began)),
           "cpu_us_per_line": round((used.ru_utime + used.ru_stime) * 1e6 / count, 1),
           "peak_rss_mb": round(used.ru_maxrss / 1024), "created": told["events"].get("created", 0),
           "set_aside": sum(told["set_aside"].values())}
    print(json.dumps(row), flush=True)


with tempfile.TemporaryDirectory(prefix="trialgate-big-") as folder:
    once, file = lines(), f"{folder}/big.ndjson"
    for size in (megabytes * 100_000, megabytes * 1_000_000):
        count = make(file, size, once)
        measure(f"import of {size / 1e6:.0f} MB", count, ["import", "--json", "--store", f"sqlite:{folder}/import.db", file])
        Hospital.file = file
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hospital)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pull = f'{{ url = "http://127.0.0.1:{server.server_port}", by = "bulk" }}'
        settings = {"TRIALGATE__SOURCES__EHR__ZONE": "UTC", "TRIALGATE__SOURCES__EHR__PULL": pull}
        measure(f"export of {size / 1e6:.0f} MB", count, ["pull", "ehr", "--json", "--store", f"sqlite:{folder}/export.db"], settings)
        server.shutdown()
        for name in os.listdir(folder):
            os.unlink(f"{folder}/{name}")
