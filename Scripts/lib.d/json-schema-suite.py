# SPDX-License-Identifier: Apache-2.0
"""Writes groups of JSON Schema's test suite as lines: json-schema-suite.py FILE DIRECTORY..."""

import json
import pathlib
import re
import sys

# Digits are kept as they stand there: a float would lose some.
RAW = "\ue000"


def read(path):
    return json.loads(path.read_text(), parse_float=lambda digits: RAW + digits + RAW)


def write(value):
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return re.sub(f'"{RAW}([^{RAW}]*){RAW}"', r"\1", text)


seen = set()
with open(sys.argv[1], "w") as lines:
    for directory in map(pathlib.Path, sys.argv[2:]):
        for path in sorted(directory.glob("*.json")) + sorted(directory.glob("optional/*.json")):
            for group in read(path):
                tests = [[test["description"], test["data"], test["valid"]] for test in group["tests"]]
                # The newer suite names drafts in each schema; what differs in that alone is taken once.
                schema = group["schema"]
                plain = {k: v for k, v in schema.items() if k != "$schema"} if isinstance(schema, dict) else schema
                key = write([plain, [test[1:] for test in tests]])
                if key in seen:
                    continue
                seen.add(key)
                name = str(path.relative_to(directory))
                lines.write(write({"file": name, "group": group["description"], "schema": schema, "tests": tests}) + "\n")
