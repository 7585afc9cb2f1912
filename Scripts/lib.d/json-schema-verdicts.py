# SPDX-License-Identifier: Apache-2.0
"""Writes generated schemas with data and jsonschema-rs's verdicts: json-schema-verdicts.py COUNT FILE [SEED]."""

import json
import random
import sys

import jsonschema_rs

count, path = int(sys.argv[1]), sys.argv[2]
dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 7)
NAMES = ["a", "b", "c", "a/b", "é", "x-1", "", "long name"]
TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"]
PATTERNS = ["^a", "b$", "^[a-c]*$", "^x-", "\\d+", "^(ab|c){1,3}$", "^\\w+$", "é", "^.{2,4}$", "[^a]"]
STRINGS = ["", "a", "b", "ab", "abc", "abcabc", "é", "x-1", "12", "\U0001f600", "a b", "cab", "\n", 'q"\\', "zzzz"]
NUMBERS = [0, 1, -1, 2, 3, 10, 0.5, 1.5, -2.25, 1.0, 100, 9007199254740993, 9007199254740992, -(2**60), 1e3, 7, 12]
ANNOTATIONS = [("title", "t"), ("description", "d"), ("format", "date"), ("$comment", "c"), ("unknown", {"type": "no"})]


def value(depth):
    kind = dice.choice(["s", "n", "n", "b", "0"] + (["o", "o", "o", "a", "a"] if depth else []))
    if kind == "o":
        return {name: value(depth - 1) for name in dice.sample(NAMES, dice.randrange(4))}
    if kind == "a":
        return [value(depth - 1) for _ in range(dice.randrange(4))]
    return {"s": dice.choice(STRINGS), "n": dice.choice(NUMBERS), "b": dice.random() < 0.5, "0": None}[kind]


def schema(depth, draft):
    if dice.random() < 0.06:
        return dice.random() < 0.7
    made = {}

    def inner():
        return schema(depth - 1, draft)

    def bounds():
        return dice.randrange(4)

    def names():
        return dice.sample(NAMES, dice.randrange(1, 3))

    scalars = {
        "type": lambda: dice.choice(TYPES) if dice.random() < 0.6 else dice.sample(TYPES, dice.randrange(1, 4)),
        "enum": lambda: unique([value(1) for _ in range(dice.randrange(1, 5))]),
        "const": lambda: value(1),
        "minimum": lambda: dice.choice(NUMBERS), "maximum": lambda: dice.choice(NUMBERS),
        "exclusiveMinimum": lambda: dice.choice(NUMBERS), "exclusiveMaximum": lambda: dice.choice(NUMBERS),
        "multipleOf": lambda: dice.choice([1, 2, 3, 0.5, 0.25, 10, 1.5]),
        "minLength": bounds, "maxLength": bounds, "pattern": lambda: dice.choice(PATTERNS),
        "minItems": bounds, "maxItems": bounds, "uniqueItems": lambda: dice.random() < 0.8,
        "minProperties": bounds, "maxProperties": bounds, "required": names,
    }
    nested = {
        "properties": lambda: {name: inner() for name in names()},
        "patternProperties": lambda: {dice.choice(PATTERNS): inner()},
        "additionalProperties": inner, "propertyNames": inner, "contains": inner, "not": inner,
        "allOf": lambda: [inner() for _ in range(dice.randrange(1, 3))],
        "anyOf": lambda: [inner() for _ in range(dice.randrange(1, 4))],
        "oneOf": lambda: [inner() for _ in range(dice.randrange(1, 4))],
        "if": inner, "then": inner, "else": inner,
        "$ref": lambda: "#/definitions/" + dice.choice(["one", "two"]),
    }
    if draft == 7:
        nested["items"] = lambda: inner() if dice.random() < 0.6 else [inner() for _ in range(dice.randrange(1, 3))]
        nested["additionalItems"] = inner
        nested["dependencies"] = lambda: {dice.choice(NAMES): inner() if dice.random() < 0.5 else names()}
    else:
        scalars |= {"minContains": bounds, "maxContains": bounds}
        scalars["dependentRequired"] = lambda: {dice.choice(NAMES): names()}
        nested |= {
            "items": inner, "prefixItems": lambda: [inner() for _ in range(dice.randrange(1, 3))],
            "dependentSchemas": lambda: {dice.choice(NAMES): inner()},
            "unevaluatedProperties": inner, "unevaluatedItems": inner,
        }
    for _ in range(dice.randrange(1, 4)):
        keyword = dice.choice(list(scalars) if depth <= 0 or dice.random() < 0.45 else list(nested))
        made[keyword] = (scalars.get(keyword) or nested[keyword])()
        if keyword == "if":
            made["then"], made["else"] = inner(), inner()
        if keyword.endswith("Contains") and depth > 0:
            made["contains"] = inner()
    if dice.random() < 0.1:
        made |= [dice.choice(ANNOTATIONS)]
    return made


def unique(values):
    kept = []
    for one in values:
        if not any(json.dumps(one) == json.dumps(other) for other in kept):
            kept.append(one)
    return kept


def compact(what):
    return json.dumps(what, separators=(",", ":"), ensure_ascii=False)


written = valid = refused = 0
with open(path, "w") as lines:
    while written < count:
        draft = dice.choice([7, 2020])
        made = schema(3, draft)
        if made in (True, False):
            continue
        # References go where they cannot lead back.
        made["definitions"] = {"one": schema(0, draft), "two": {"type": dice.choice(TYPES)}}
        made["$schema"] = {
            7: "http://json-schema.org/draft-07/schema#", 2020: "https://json-schema.org/draft/2020-12/schema"}[draft]
        try:
            validator = jsonschema_rs.validator_for(made, validate_formats=False)
        except Exception:
            refused += 1
            continue
        tests = []
        # As many that match as can be had, for most data does not.
        for _ in range(60):
            data = value(3)
            verdict = validator.is_valid(data)
            if sum(test[1] == verdict for test in tests) < 6:
                tests.append([data, verdict])
        valid += sum(test[1] for test in tests)
        written += len(tests)
        lines.write(compact({"schema": made, "tests": tests}) + "\n")
print(f"{written} verdicts, {valid} of them valid; {refused} schemas were refused", file=sys.stderr)
