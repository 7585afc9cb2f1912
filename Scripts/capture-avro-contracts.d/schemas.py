"""Makes Avro schemas, versions of them that have gone on, and data for them, all from one seed."""

import copy
import decimal
import random

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
DEFAULTS = {
    "null": None, "boolean": True, "int": 7, "long": 8, "float": 1.5, "double": 2.5, "bytes": "\u00ff", "string": "s",
}
WIDER = {
    "int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"], "string": ["bytes"],
    "bytes": ["string"],
}


class Maker:
    """Makes one schema: a record with all kinds of types in it."""

    def __init__(self, chance):
        self.chance = chance
        self.named = []
        self.count = 0

    def name(self, kind):
        self.count += 1
        return f"{kind}{self.count}"

    def type(self, depth, union=True):
        kinds = ["primitive"] * 10 + ["reference"] * 2 + ["decimal"]
        if depth < 3:
            kinds += ["array", "map", "record", "enum", "fixed", "record", "enum"] * 2 + (["union"] * 6 if union else [])
        kind = self.chance.choice(kinds)
        if kind == "reference" and self.named:
            return self.chance.choice(self.named)
        if kind == "decimal":
            return {"type": "bytes", "logicalType": "decimal", "precision": self.chance.randint(4, 6), "scale": 2}
        if kind == "array":
            return {"type": "array", "items": self.type(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": self.type(depth + 1)}
        if kind == "record":
            return self.record(depth + 1)
        if kind == "enum":
            name = self.name("Enum")
            self.named.append(name)
            made = {"type": "enum", "name": name, "symbols": self.chance.sample("ABCDEF", self.chance.randint(1, 4))}
            if self.chance.random() < 0.4:
                made["default"] = self.chance.choice(made["symbols"])
            return made
        if kind == "fixed":
            name = self.name("Fixed")
            self.named.append(name)
            return {"type": "fixed", "name": name, "size": self.chance.randint(1, 4)}
        if kind == "union":
            return self.union(depth)
        return self.chance.choice(PRIMITIVES)

    def union(self, depth):
        branches, kinds = [], set()
        for _ in range(self.chance.randint(1, 4)):
            branch = self.chance.choice(["null", None])
            before = (list(self.named), self.count)
            if branch is None:
                branch = self.type(depth + 1, union=False)
            kind = branch["type"] if isinstance(branch, dict) else branch
            key = branch["name"] if isinstance(branch, dict) and "name" in branch else kind
            if key in kinds:
                self.named, self.count = before
                continue
            kinds.add(key)
            branches.append(branch)
        return branches

    def record(self, depth):
        made = {"type": "record", "name": self.name("Record"), "fields": []}
        self.named.append(made["name"])
        names = self.chance.sample("abcdefgh", self.chance.randint(1, 4 if depth else 6))
        for name in names:
            # What refers to the record before it is whole must be able to end.
            field = {"name": name, "type": self.type(depth)}
            if isinstance(field["type"], str) and field["type"].startswith("Record"):
                field["type"] = ["null", field["type"]]
            if self.chance.random() < 0.5:
                self.give_default(field)
            made["fields"].append(field)
        return made

    def give_default(self, field):
        default = default_of(field["type"])
        if default is not Ellipsis:
            field["default"] = default


def default_of(kind):
    if isinstance(kind, list):
        return default_of(kind[0]) if kind else ...
    if isinstance(kind, str):
        return DEFAULTS.get(kind, ...)
    if kind["type"] == "array":
        return []
    if kind["type"] == "map":
        return {}
    if kind["type"] == "enum":
        return kind["symbols"][0]
    if kind["type"] == "fixed":
        return "x" * kind["size"]
    return DEFAULTS.get(kind["type"], ...)


def parts(schema, found=None):
    """Every type and field of a schema that is an object or a list."""
    found = [] if found is None else found
    if isinstance(schema, list):
        found.append(schema)
        for branch in schema:
            parts(branch, found)
    elif isinstance(schema, dict):
        found.append(schema)
        for key in ("items", "values", "type"):
            parts(schema.get(key), found)
        for field in schema.get("fields", []):
            parts(field, found)
    return found


def evolve(chance, schema):
    """The next version: a change or some, of which not each can be read."""
    made = copy.deepcopy(schema)
    maker = Maker(chance)
    maker.count = 100
    for _ in range(chance.choice([1, 1, 2, 3])):
        change(chance, maker, made)
    # What a default was may be none any more.
    for part in parts(made):
        if isinstance(part, dict) and "name" in part and part.get("type") != "enum" and "default" in part:
            part.pop("default")
            maker.give_default(part)
    return made


def change(chance, maker, schema):
    part = chance.choice(parts(schema))
    if isinstance(part, list):
        what = chance.random()
        if what < 0.4 and len(part) > 1:
            part.pop(chance.randrange(len(part)))
        elif what < 0.6:
            chance.shuffle(part)
        else:
            kinds = [branch["type"] if isinstance(branch, dict) else branch for branch in part]
            part.append(chance.choice([kind for kind in PRIMITIVES if kind not in kinds] or ["null"]))
    elif part.get("type") == "record":
        change_record(chance, maker, part)
    elif part.get("type") == "enum":
        what = chance.random()
        if what < 0.3 and len(part["symbols"]) > 1:
            part["symbols"].pop()
        elif what < 0.6:
            part["symbols"].append(f"G{len(part['symbols'])}")
        elif what < 0.8:
            part["default"] = part["symbols"][0]
        else:
            rename(chance, part)
        if part.get("default") not in part["symbols"]:
            part.pop("default", None)
    elif part.get("type") == "fixed":
        if chance.random() < 0.5:
            part["size"] += 1
        else:
            rename(chance, part)
    elif "precision" in part:
        part[chance.choice(["precision", "scale"])] += chance.choice([-1, 1])
    elif "name" in part:
        change_field(chance, maker, part)


def change_record(chance, maker, record):
    what = chance.random()
    fields = record["fields"]
    if what < 0.35:
        field = {"name": f"n{len(fields)}", "type": maker.type(2)}
        if chance.random() < 0.6:
            maker.give_default(field)
        if all(field["name"] != other["name"] for other in fields):
            fields.insert(chance.randint(0, len(fields)), field)
    elif what < 0.65 and len(fields) > 1:
        fields.pop(chance.randrange(len(fields)))
    elif what < 0.8:
        chance.shuffle(fields)
    else:
        rename(chance, record)


def rename(chance, named):
    old = named["name"]
    if chance.random() < 0.3:
        named["namespace"] = "elsewhere"
        return
    named["name"] = old + "New"
    if chance.random() < 0.5:
        named["aliases"] = [old]


def change_field(chance, maker, field):
    what = chance.random()
    if what < 0.25:
        old = field["name"]
        field["name"] = old + "New"
        if chance.random() < 0.6:
            field["aliases"] = [old]
    elif what < 0.45 and isinstance(field["type"], str) and field["type"] in WIDER:
        field["type"] = chance.choice(WIDER[field["type"]])
    elif what < 0.6:
        field["type"] = ["null", field["type"]] if not isinstance(field["type"], list) else field["type"][-1]
    elif what < 0.75:
        field["type"] = chance.choice(PRIMITIVES)
    elif what < 0.85:
        field.pop("default", None)
        return
    else:
        maker.give_default(field)
        return
    if "default" in field:
        field.pop("default")
        maker.give_default(field)


def value(chance, named, kind, depth=0):
    """Something that a schema may write, as fastavro wants it."""
    if isinstance(kind, list):
        branches = ["null"] if depth > 4 and "null" in kind else kind
        branch = chance.choice(branches)
        made = value(chance, named, branch, depth + 1)
        resolved = named.get(branch if isinstance(branch, str) else branch.get("name"), branch)
        if isinstance(resolved, dict) and resolved["type"] in ("record", "enum", "fixed"):
            return (resolved["full"], made)
        return made
    if isinstance(kind, str) and kind in named:
        kind = named[kind]
    name = kind["type"] if isinstance(kind, dict) else kind
    if isinstance(kind, dict) and "precision" in kind:
        return decimal.Decimal(chance.randint(-9, 9))
    if name == "array":
        return [value(chance, named, kind["items"], depth + 1) for _ in range(chance.randint(0, 2) if depth < 5 else 0)]
    if name == "map":
        count = chance.randint(0, 2) if depth < 5 else 0
        return {str(index): value(chance, named, kind["values"], depth + 1) for index in range(count)}
    if name == "record":
        return {field["name"]: value(chance, named, field["type"], depth + 1) for field in kind["fields"]}
    if name == "enum":
        return chance.choice(kind["symbols"])
    if name == "fixed":
        return b"x" * kind["size"]
    return {
        "null": None, "boolean": chance.random() < 0.5, "int": chance.randint(-9, 9), "long": chance.randint(-(2**60), 2**60),
        "float": 1.5, "double": -2.5, "bytes": b"by", "string": "text",
    }[name]


def random_from(seed):
    return random.Random(seed)
