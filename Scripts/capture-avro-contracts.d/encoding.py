"""Makes schemas with all types, plain JSON for them, and what fastavro writes of it in Avro's binary form."""

import datetime
import decimal
import io
import json
import math
import random
import struct
import uuid

import fastavro

NAMES = ["a", "bb", "cents", "dateOfBirth", "e_1", "Fields", "gross_amount_of_all", "h"]
TEXTS = ["", "plain", "a \"quoted\" one", "line\nend\t", "né à Köln", "日本語", "😀 and 𝄞", "\u0000", "x" * 70, "back\\slash/"]
UNITS = {"millis": 1000, "micros": 1_000_000, "nanos": 1_000_000_000}
NUMBERS = ["int", "long", "float", "double"]
STRINGS = ["string", "bytes", "fixed", "enum", "uuid", "uuid-fixed", "duration"]
BOTH = ["decimal", "decimal-fixed", "big-decimal", "date", "time-millis", "time-micros"] + [
    f"{kind}-{unit}" for kind in ["timestamp", "local-timestamp"] for unit in UNITS]


class Making:
    """Makes a schema, and values of it: what fastavro takes, and JSON text."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.count = 0
        self.named = {}

    def name(self):
        self.count += 1
        return f"N{self.count}"

    def schema(self):
        return self.record(0)

    def record(self, depth, is_branch=False):
        name = self.name()
        # Known only from its end on, so that no record has to hold itself.
        fields = []
        for field in self.chance.sample(NAMES, self.chance.randint(1, 6)):
            made = {"name": field, "type": self.type(depth + 1)}
            if self.chance.random() < 0.3:
                self.give_default(made)
            fields.append(made)
        # A record of a union has a field that no other of it has.
        if is_branch:
            fields.append({"name": f"only_{name}", "type": "null"})
        made = {"type": "record", "name": name, "fields": fields}
        self.named[name] = made
        return made

    def give_default(self, field):
        kind = field["type"]
        first = kind[0] if isinstance(kind, list) and kind else kind
        plain = {
            "null": None, "boolean": True, "int": -7, "long": 1 << 40, "float": 0.1, "double": 2.5e-3, "bytes": "\u00ff\u0000",
            "string": "dé",
        }
        if isinstance(first, str) and first in plain:
            field["default"] = plain[first]
        elif isinstance(first, dict) and first["type"] in ("array", "map"):
            field["default"] = [] if first["type"] == "array" else {}
        elif isinstance(first, dict) and first["type"] == "enum":
            field["default"] = first["symbols"][-1]
        elif isinstance(first, dict) and first["type"] in ("int", "long"):
            field["default"] = 86_399

    def scalar(self, kind):
        chance = self.chance
        if kind == "fixed":
            return {"type": "fixed", "name": self.name(), "size": chance.randint(0, 9)}
        if kind == "enum":
            return {"type": "enum", "name": self.name(), "symbols": [f"S{n}" for n in range(chance.choice([1, 3, 70]))]}
        if kind == "uuid":
            return {"type": "string", "logicalType": "uuid"}
        if kind == "uuid-fixed":
            return {"type": "fixed", "name": self.name(), "size": 16, "logicalType": "uuid"}
        if kind == "duration":
            return {"type": "fixed", "name": self.name(), "size": 12, "logicalType": "duration"}
        if kind.startswith("decimal"):
            precision = chance.choice([1, 4, 9, 18, 19, 20, 38])
            made = {"logicalType": "decimal", "precision": precision, "scale": chance.randint(0, precision)}
            if kind == "decimal":
                return {"type": "bytes", **made}
            return {"type": "fixed", "name": self.name(), "size": chance.choice([17, 20]), **made}
        if kind == "big-decimal":
            return {"type": "bytes", "logicalType": "big-decimal"}
        if kind == "date" or kind == "time-millis":
            return {"type": "int", "logicalType": kind}
        if "-" in kind:
            return {"type": "long", "logicalType": kind}
        return kind

    def type(self, depth):
        chance = self.chance
        kinds = ["null", "boolean"] + NUMBERS + STRINGS + BOTH
        if depth < 4:
            kinds += ["array", "map", "record", "union", "union"] * 3
        if self.named:
            kinds += ["reference"]
        kind = chance.choice(kinds)
        if kind == "reference":
            return chance.choice(sorted(self.named))
        if kind == "array":
            return {"type": "array", "items": self.type(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": self.type(depth + 1)}
        if kind == "record":
            return self.record(depth)
        if kind == "union":
            return self.union(depth)
        return self.scalar(kind)

    def union(self, depth):
        """Branches of which no two take the same JSON."""
        chance = self.chance
        branches = []
        if chance.random() < 0.3:
            branches.append(self.scalar(chance.choice(BOTH)))
        else:
            branches += [self.scalar(chance.choice(kinds)) for kinds in [NUMBERS, STRINGS] if chance.random() < 0.6]
        if chance.random() < 0.3:
            branches.append({"type": "array", "items": self.type(depth + 1)})
        if chance.random() < 0.3:
            branches.append({"type": "map", "values": "int"})
        else:
            branches += [self.record(depth + 1, is_branch=True) for _ in range(chance.choice([0, 1, 2]))]
        for branch in ["null", "boolean"]:
            if chance.random() < 0.6 or not branches:
                branches.insert(chance.randint(0, len(branches)), branch)
        return branches

    def text(self, string):
        """A JSON string, with escapes here and there."""
        if self.chance.random() < 0.5:
            return json.dumps(string, ensure_ascii=self.chance.random() < 0.5)
        units = struct.unpack(f"<{len(string.encode('utf-16-le')) // 2}H", string.encode("utf-16-le"))
        return '"' + "".join(f"\\u{unit:04{self.chance.choice('xX')}}" for unit in units) + '"'

    def blank(self):
        return self.chance.choice(["", "", "", " ", "\n", " \t"])

    def value(self, schema, depth=0):
        """What fastavro takes, and JSON for it."""
        chance = self.chance
        if isinstance(schema, list):
            branch = chance.choice(schema)
            made, text = self.value(branch, depth)
            if isinstance(branch, dict) and branch["type"] in ("record", "enum", "fixed"):
                made = (branch["name"], made)
            elif isinstance(branch, dict) and branch["type"] in ("array", "map"):
                made = (branch["type"], made)
            elif isinstance(branch, dict):
                made = (branch["type"], made)
            elif branch in self.named:
                made = (branch, made)
            return made, text
        if isinstance(schema, str):
            if schema in self.named:
                return self.value(self.named[schema], depth)
            return getattr(self, schema)()
        kind = schema["type"]
        if "logicalType" in schema:
            return self.logical(schema)
        if kind == "array":
            count = chance.choice([0, 1, 2, 70]) if depth < 2 else chance.randint(0, 2)
            made = [self.value(schema["items"], depth + 1) for _ in range(count)]
            text = ",".join(self.blank() + text + self.blank() for _, text in made)
            return [value for value, _ in made], f"[{text or self.blank()}]"
        if kind == "map":
            keys = chance.sample(TEXTS, chance.randint(0, 3))
            made = {key: self.value(schema["values"], depth + 1) for key in keys}
            text = ",".join(f"{self.blank()}{self.text(key)}{self.blank()}:{made[key][1]}" for key in keys)
            return {key: made[key][0] for key in keys}, "{" + text + "}"
        if kind == "record":
            value, members = {}, []
            for field in schema["fields"]:
                if "default" in field and chance.random() < 0.5:
                    value[field["name"]] = default(field)
                    continue
                made, text = self.value(field["type"], depth + 1)
                value[field["name"]] = made
                members.append(f"{self.blank()}{self.text(field['name'])}{self.blank()}:{self.blank()}{text}{self.blank()}")
            if chance.random() < 0.7:
                chance.shuffle(members)
            return value, "{" + (",".join(members) or self.blank()) + "}"
        if kind == "enum":
            symbol = chance.choice(schema["symbols"])
            return symbol, self.text(symbol)
        octets = chance.randbytes(schema["size"])
        return octets, self.text(octets.decode("latin-1"))

    def null(self):
        return None, "null"

    def boolean(self):
        value = self.chance.random() < 0.5
        return value, json.dumps(value)

    def int(self):
        value = self.chance.choice([0, 1, -1, 63, -64, 64, 2**31 - 1, -(2**31), self.chance.randint(-9999, 9999)])
        return value, str(value)

    def long(self):
        value = self.chance.choice([0, 2**63 - 1, -(2**63), self.chance.randint(-(2**40), 2**40)])
        return value, str(value)

    def float(self):
        value = struct.unpack("<f", struct.pack("<I", self.chance.randrange(1 << 32)))[0]
        if not math.isfinite(value):
            value = 0.5
        texts = (f"{value:.{digits}g}" for digits in range(1, 10))
        return value, next(text for text in texts if struct.pack("<f", float(text)) == struct.pack("<f", value))

    def double(self):
        value = struct.unpack("<d", struct.pack("<Q", self.chance.randrange(1 << 64)))[0]
        if not math.isfinite(value) or self.chance.random() < 0.5:
            value = round(self.chance.uniform(-1e6, 1e6), self.chance.randint(0, 6))
        return value, repr(value)

    def bytes(self):
        octets = self.chance.randbytes(self.chance.choice([0, 3, 80]))
        return octets, self.text(octets.decode("latin-1"))

    def string(self):
        text = self.chance.choice(TEXTS)
        return text, self.text(text)

    def logical(self, schema):
        chance, kind = self.chance, schema["logicalType"]
        if kind == "decimal":
            unscaled = chance.randint(1 - 10 ** schema["precision"], 10 ** schema["precision"] - 1)
            unscaled = chance.choice([unscaled, unscaled // 10**chance.randint(0, 19) * 10, 0, -128, 127])
            if abs(unscaled) >= 10 ** schema["precision"]:
                unscaled = 1
            value = decimal.Decimal(unscaled).scaleb(-schema["scale"], decimal.Context(prec=60))
            text = f"{value:f}"
            if chance.random() < 0.3 and "." in text:
                text = text.rstrip("0").rstrip(".") + chance.choice(["", ".000" if "." not in text.rstrip("0") else ""])
            # As Java has it: fastavro writes a byte more for some.
            octets = whole(unscaled, schema.get("size"))
            if chance.random() < 0.5:
                return octets, self.text(text)
            return octets, f"{value:e}".replace("e", chance.choice("eE")) if chance.random() < 0.3 and unscaled else text
        if kind == "big-decimal":
            (unscaled, scale) = chance.randint(-(10**25), 10**25), chance.randint(0, 30)
            text = f"{decimal.Decimal(unscaled).scaleb(-scale, decimal.Context(prec=60)):f}"
            octets = whole(unscaled)
            return long(len(octets)) + octets + long(scale), self.text(text) if chance.random() < 0.5 else text
        if kind == "uuid":
            made = uuid.UUID(int=chance.getrandbits(128))
            text = chance.choice([str(made), str(made).upper()])
            return (text if schema["type"] == "string" else made.bytes), self.text(text)
        if kind == "duration":
            octets = chance.randbytes(12)
            return octets, self.text(octets.decode("latin-1"))
        day = datetime.date.fromordinal(chance.randint(1, datetime.date.max.toordinal()))
        if kind == "date":
            days = day.toordinal() - 719_163
            return days, str(days) if chance.random() < 0.3 else self.text(day.isoformat())
        per_second = UNITS[kind.rsplit("-", 1)[1]]
        second, part = chance.randrange(86_400), chance.choice([0, chance.randrange(per_second), 10])
        decimals = f"{part:0{len(str(per_second)) - 1}d}"
        point = f".{decimals}" + "0" * chance.choice([0, 0, 4]) if part or chance.random() < 0.3 else ""
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{point}"
        if kind.startswith("time-"):
            value = second * per_second + part
            return value, str(value) if chance.random() < 0.3 else self.text(clock)
        if kind.endswith("nanos"):
            day = datetime.date.fromordinal(719_163 + chance.randint(-106_000, 106_000))
        seconds = (day.toordinal() - 719_163) * 86_400 + second
        text, zone = f"{day.isoformat()}T{clock}", 0
        if kind.startswith("timestamp"):
            minutes = chance.choice([0, chance.randrange(24 * 60)])
            sign = chance.choice([1, -1])
            zone = sign * minutes * 60
            text += chance.choice("Zz") if minutes == 0 and chance.random() < 0.7 else (
                f"{'-' if sign < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}")
        value = (seconds - zone) * per_second + part
        return value, str(value) if chance.random() < 0.3 else self.text(text)


def whole(number, size=None):
    """A whole number in two's complement, in as few bytes as hold it or so many."""
    bits = (number if number >= 0 else ~number).bit_length()
    return number.to_bytes(size or bits // 8 + 1, "big", signed=True)


def default(field):
    """A field's default as fastavro takes it for a value."""
    kind, value = field["type"], field["default"]
    first = kind[0] if isinstance(kind, list) else kind
    if first == "bytes":
        value = value.encode("latin-1")
    if not isinstance(kind, list):
        return value
    return (first if isinstance(first, str) else first.get("name", first["type"]), value)


def long(value):
    rest, octets = value << 1 ^ value >> 63, b""
    while rest >= 0x80:
        octets += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return octets + bytes([rest])


def plain(schema):
    """Without logical types: values of these are made here as what they lie upon."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: plain_member(key, value) for key, value in schema.items() if key != "logicalType"}


def plain_member(key, value):
    if key == "fields":
        return [{**field, "type": plain(field["type"])} for field in value]
    return plain(value) if key in ("type", "items", "values") else value


def documents(count, first=1):
    """Lines of a schema, JSON, and hexadecimal."""
    seed, made = first, 0
    while made < count:
        making = Making(seed)
        seed += 1
        schema = making.schema()
        parsed = fastavro.parse_schema(plain(schema))
        text = json.dumps(schema)
        for _ in range(10):
            value, data = making.value(schema)
            stream = io.BytesIO()
            fastavro.schemaless_writer(stream, parsed, value)
            yield text, data, stream.getvalue()
            made += 1
