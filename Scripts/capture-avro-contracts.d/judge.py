"""Writes lines of JSON for the judge in Java, with what the judges in Python say: pairs | evolutions | schemas | data."""

import copy
import io
import json
import sys
import unittest

import avro.compatibility
import avro.io
import avro.schema
import encoding
import fastavro
import schemas


def line(**members):
    print(json.dumps(members, separators=(",", ":"), ensure_ascii=True))


def pairs(test_file):
    """What avro's own tests expect of each pair of schemas in them."""
    checker = avro.compatibility.ReaderWriterCompatibilityChecker
    original, seen = checker.get_compatibility, set()

    def watched(self, reader, writer, *rest):
        is_first = not self.memoize_map
        result = original(self, reader, writer, *rest)
        if is_first:
            readable = result.compatibility is avro.compatibility.SchemaCompatibilityType.compatible
            key = json.dumps([reader.to_json(), writer.to_json(), readable], default=dict)
            if key not in seen:
                seen.add(key)
                reader, writer, readable = json.loads(key)
                line(reader=reader, writer=writer, readable=readable)
        return result

    checker.get_compatibility = watched
    scope = {"__name__": "pairs"}
    exec(compile(open(test_file).read(), test_file, "exec"), scope)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(scope["TestCompatibility"])
    if not unittest.TextTestRunner(stream=sys.stderr).run(suite).wasSuccessful():
        raise SystemExit("avro's own tests fail")


def reads(chance, reader, writer):
    """Whether fastavro reads with one schema what it writes with another, as far as some values tell: y or n."""
    try:
        writing = fastavro.parse_schema(copy.deepcopy(writer))
        reading = fastavro.parse_schema(copy.deepcopy(reader))
    except Exception as error:
        raise SystemExit(f"fastavro takes no generated schema: {error}: {writer}: {reader}") from error
    named = {}
    for part in schemas.parts(writer):
        if isinstance(part, dict) and part.get("type") in ("record", "enum", "fixed") and "name" in part:
            named[part["name"]] = {**part, "full": part["name"]}
            if "namespace" in part:
                named[part["name"]]["full"] = part["namespace"] + "." + part["name"]
    for _ in range(40):
        stream = io.BytesIO()
        try:
            fastavro.schemaless_writer(stream, writing, schemas.value(chance, named, writer))
        except Exception:
            return "?"
        stream.seek(0)
        try:
            fastavro.schemaless_reader(stream, writing, reading)
        except Exception:
            return "n"
    return "y"


def compatible(reader, writer):
    checker = avro.compatibility.ReaderWriterCompatibilityChecker()
    result = checker.get_compatibility(avro.schema.parse(json.dumps(reader)), avro.schema.parse(json.dumps(writer)))
    return "y" if result.compatibility is avro.compatibility.SchemaCompatibilityType.compatible else "n"


def is_schema(schema):
    try:
        avro.schema.parse(json.dumps(schema))
        fastavro.parse_schema(copy.deepcopy(schema))
        return True
    except Exception:
        return False


def evolutions(count):
    chance = schemas.random_from(20260101)
    while count > 0:
        old = schemas.Maker(chance).record(0)
        new = schemas.evolve(chance, old)
        if new == old or len(json.dumps([old, new])) > 1200 or not is_schema(old) or not is_schema(new):
            continue
        line(
            old=old, new=new, avro=compatible(new, old) + compatible(old, new),
            fastavro=reads(chance, new, old) + reads(chance, old, new))
        count -= 1


def texts():
    """Schemas right and wrong: generated ones, and such with something taken away or put in another's place."""
    chance = schemas.random_from(20260202)
    junk = [None, 5, "", "int", "Record1", "nowhere", [], {}, ["null", "null"], {"type": "int"}, "a b", -1, True, ["A", "A"]]
    for index in range(400):
        made = schemas.Maker(chance).record(0)
        if len(json.dumps(made)) > 500:
            continue
        if index % 4:
            part = chance.choice(schemas.parts(made))
            key = chance.choice(list(part) if isinstance(part, dict) else list(range(len(part))) or [None])
            if key is None:
                continue
            if chance.random() < 0.3:
                del part[key]
            else:
                part[key] = chance.choice(junk)
        yield json.dumps(made)


def takes(parse, text):
    try:
        parse(json.loads(text))
        return True
    except Exception:
        return False


def schema_lines():
    for text in texts():
        line(
            schema=text, avro=takes(lambda schema: avro.schema.parse(json.dumps(schema)), text),
            fastavro=takes(fastavro.parse_schema, text))


def spoil(chance, datum):
    """The same with something else in one place."""
    made = copy.deepcopy(datum)
    places = []

    def walk(part):
        for key in part if isinstance(part, dict) else range(len(part)):
            places.append((part, key))
            if isinstance(part[key], (dict, list)):
                walk(part[key])

    walk(made)
    if not places:
        return made
    part, key = chance.choice(places)
    junk = [None, True, 2**31, 2**63, -(2**63), 1.5, "", "A", [], {}, [1], {"a": 1}, {"x": None}]
    if isinstance(part, dict) and chance.random() < 0.3:
        part["extra" if chance.random() < 0.5 else "a"] = chance.choice(junk)
    elif isinstance(part, dict) and chance.random() < 0.4:
        del part[key]
    else:
        part[key] = chance.choice(junk)
    return made


def plain(value):
    if isinstance(value, tuple):
        return plain(value[1])
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    return value


def data(count):
    chance = schemas.random_from(20260303)
    while count > 0:
        schema = schemas.Maker(chance).record(0)
        text = json.dumps(schema)
        if "bytes" in text or "fixed" in text or len(text) > 900:
            continue
        named = {part["name"]: {**part, "full": part["name"]} for part in schemas.parts(schema)
                 if isinstance(part, dict) and part.get("type") in ("record", "enum")}
        parsed = avro.schema.parse(text)
        instances, says = [], {"avro": "", "fastavro": ""}
        for index in range(12):
            datum = plain(schemas.value(chance, named, schema))
            for _ in range(index % 3):
                datum = spoil(chance, datum)
            if len(json.dumps(datum)) > 400:
                continue
            instances.append(datum)
            # The one wants what has a default too, the other takes members that there are no fields for.
            says["avro"] += "ny"[avro.io.validate(parsed, datum)]
            says["fastavro"] += "ny"[fastavro.validate(datum, copy.deepcopy(schema), raise_errors=False, strict=True)]
        line(schema=schema, data=instances, **says)
        count -= 1


def encodings(count):
    kept, documents = "", []
    for schema, data, octets in encoding.documents(count):
        if schema != kept and documents:
            line(schema=kept, data=[data for data, _ in documents], binary=[octets for _, octets in documents])
            documents = []
        kept = schema
        documents.append((data, octets.hex()))
    line(schema=kept, data=[data for data, _ in documents], binary=[octets for _, octets in documents])


if __name__ == "__main__":
    {
        "pairs": lambda: pairs(sys.argv[2]), "evolutions": lambda: evolutions(500), "schemas": schema_lines,
        "data": lambda: data(250), "encodings": lambda: encodings(600),
    }[sys.argv[1]]()
