#!/usr/bin/env python3
"""A backtest over many synthetic persons: benches/backtest.py PROGRAM [PERSONS] [DEFINITION]

Makes the persons (the same at every run), imports them into a file of SQLite, and prints what the backtest took: its time, its
CPU and the most memory it held, beside a run over a tenth of them. PROGRAM is a release build. Needs about 10 kB a person."""
import os, random, subprocess, sys, tempfile, time

PROGRAM = os.path.abspath(sys.argv[1])
PERSONS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
DEFINITION = sys.argv[3] if len(sys.argv) > 3 else "profiles/trials/NCT00962923"
# Code, unit, least, most.
LABS = [("718-7", "g/dL", 8, 17), ("777-3", "10*9/L", 60, 400), ("1751-7", "g/L", 20, 50), ("2160-0", "umol/L", 40, 200), ("4537-7", "mm/h", 2, 60),
        ("98130-8", "%", 35, 110), ("19872-1", "%", 50, 120), ("10230-1", "%", 40, 75), ("29463-7", "kg", 45, 110), ("4548-4", "%", 4, 11)]
CODE = {"clinicalStatus": ("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": ("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed")}


def person(n, dice):
    yield f'{{"resourceType":"Patient","id":"p{n}","gender":"{dice.choice(["female", "male"])}","birthDate":"{dice.randint(1940, 2012)}-{dice.randint(1, 12):02}-11"}}'
    subject = f'"subject":{{"reference":"Patient/p{n}"}}'
    if n % 5 == 0:
        states = ",".join(f'"{k}":{{"coding":[{{"system":"{s}","code":"{c}"}}]}}' for k, (s, c) in CODE.items())
        yield f'{{"resourceType":"Condition","id":"c{n}",{subject},"recordedDate":"2026-02-{dice.randint(1, 28):02}",{states},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"89155008"}}]}}}}'
    for i, (code, unit, low, high) in enumerate(LABS):
        yield (f'{{"resourceType":"Observation","id":"o{n}-{i}","status":"final",{subject},"effectiveDateTime":"2026-03-{dice.randint(1, 14):02}T08:00:00Z",'
               f'"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},'
               f'"valueQuantity":{{"value":{dice.randint(low, high)}.{dice.randint(0, 9)},"system":"http://unitsofmeasure.org","code":"{unit}"}}}}')


def run(args, feed=None):
    """Runs to the end; seconds, CPU seconds, and the most memory in MB."""
    begun = time.time()
    process = subprocess.Popen([PROGRAM, *args], stdin=subprocess.PIPE if feed else None, stdout=subprocess.PIPE, text=True)
    if feed:
        for line in feed:
            process.stdin.write(line + "\n")
        process.stdin.close()
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{args} ended with {status}"
    return out, time.time() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


with tempfile.TemporaryDirectory(prefix="trialgate-backtest-") as folder:
    for persons in (PERSONS // 10, PERSONS):
        store, dice = f"sqlite:{folder}/{persons}.db", random.Random(7)
        feed = (line for n in range(persons) for line in person(n, dice))
        _, took, cpu, most = run(["import", "-", "--store", store], feed)
        print(f"{persons:>8} persons imported in {took:.0f} s, {cpu:.0f} s CPU, {most:.0f} MB")
        out, took, cpu, most = run(["trial", "backtest", DEFINITION, "--as-of", "2026-03-15", "--store", store])
        print(f"{persons:>8} persons asked in {took:.1f} s, {cpu:.1f} s CPU ({cpu / persons * 1e6:.0f} us a person, {cpu / took:.1f} cores), at most {most:.0f} MB")
print(out)
