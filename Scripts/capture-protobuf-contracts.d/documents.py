"""Makes JSON documents for everything.proto, right and wrong, from one seed: texts, since it may be their form that is wrong."""

import json

WHOLE = [
    "0",
    "-0",
    "1",
    "-1",
    "1.0",
    "1e2",
    "15e-1",
    "10e-1",
    "1.5",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e18",
    "1e19",
    "1e20",
    "100000.000",
    "123456789012345678901234567890e-12",
    "0e99999",
    "1e-400",
    "01",
    "+1",
]
FRACTIONS = [
    "0",
    "-0.0",
    "1.5",
    "1e38",
    "3.4028234e38",
    "3.4028235e38",
    "3.5e38",
    "-1e39",
    "1e308",
    "1.7976931348623157e308",
    "1.8e308",
    "1e400",
    "1e-400",
    "123456789012345678901234567890123456789012345",
    ".5",
    "5.",
    "1e",
    "0x1",
]
TIMES = [
    "2026-11-23T07:16:06Z",
    "2026-11-23T07:16:06.254758Z",
    "2026-11-23T07:16:06.254758123+05:30",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "0000-12-31T23:59:59Z",
    "9999-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+01:00",
    "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "2026-11-23 07:16:06Z",
    "2026-11-23T07:16:06",
    "2026-11-23T24:00:00Z",
    "2026-11-23T07:16:60Z",
    "2026-11-23T07:16:06.1234567891Z",
    "2026-11-23t07:16:06z",
    "2026-11-23",
    "",
    "2026-13-01T00:00:00Z",
]
DURATIONS = [
    "1s",
    "-1.5s",
    "0.000000001s",
    "1.0000000001s",
    "315576000000s",
    "-315576000000s",
    "315576000001s",
    "1",
    "1.s",
    "s",
    "-s",
    "1m",
    "1e3s",
    " 1s",
    "315576000000.5s",
    "-0.5s",
    "00s",
]
MASKS = ["", "a", "fooBar,b.cD", "foo_bar", "a,", ",a", "a..b", "a.b.", "1a", "a1", "a b", "*"]
BYTES = ["", "QQ==", "QQ", "-_-_", "+/+/", "+_==", "QUI=", "QUI", "Q", "QQ=", "QUJD", "Q*==", "QQ==QQ==", "====", "QR=="]
TEXTS = ["", "text", "\u00e4\U0001f600", '"\\/\b\n', "NaN", "Infinity", "-Infinity", "nan", "inf", "true", "RED", " 1", "1 "]
NAMES = ["RED", "GREEN", "BLUE", "red", "", "OFF", "PURPLE", "0", "NULL_VALUE"]
OF = {
    "aInt32": "int",
    "aInt64": "int",
    "aUint32": "int",
    "aUint64": "int",
    "aSint32": "int",
    "aSfixed64": "int",
    "aFixed32": "int",
    "aFixed64": "int",
    "maybe": "int",
    "one": "int",
    "wInt32": "int",
    "wInt64": "int",
    "wUint32": "int",
    "wUint64": "int",
    "aFloat": "float",
    "aDouble": "float",
    "wFloat": "float",
    "wDouble": "float",
    "aBool": "bool",
    "wBool": "bool",
    "aString": "text",
    "wString": "text",
    "two": "text",
    "elsewhere": "text",
    "renamed": "text",
    "aBytes": "bytes",
    "wBytes": "bytes",
    "color": "enum",
    "inner": "inner",
    "three": "inner",
    "none": "null",
    "null": "null",
    "longs": "[int",
    "colors": "[enum",
    "inners": "[inner",
    "byName": "{int",
    "byNumber": "{inner",
    "byTruth": "{text",
    "bySize": "{bytes",
    "at": "time",
    "took": "duration",
    "mask": "mask",
    "structure": "struct",
    "value": "value",
    "list": "list",
    "any": "any",
    "empty": "empty",
    "times": "[time",
    "wrapped": "[int",
    "values": "[value",
    "valueMap": "{value",
    "old": "old",
    "a_int32": "int",
    "a_string": "text",
    "by_name": "{int",
    "w_int64": "int",
}


class Maker:
    def __init__(self, chance):
        self.chance = chance

    def pick(self, texts):
        return json.dumps(self.chance.choice(texts), ensure_ascii=self.chance.random() < 0.5)

    def plain(self, depth=0):
        kinds = ["null", "true", "1", "1.5", "-2e3", '"a"', '"\u00e4"', "{}", "[]"] + (
            ["1e400", "{", "[1,]", "nul"] if self.chance.random() < 0.1 else []
        )
        kind = self.chance.choice(kinds)
        if depth < 2 and self.chance.random() < 0.4:
            parts = [self.plain(depth + 1) for _ in range(self.chance.randint(1, 3))]
            if self.chance.random() < 0.5:
                return "[" + ",".join(parts) + "]"
            return "{" + ",".join(f'"k{index}":{part}' for index, part in enumerate(parts)) + "}"
        return kind

    def value(self, kind, depth=0):
        chance = self.chance
        if chance.random() < 0.06:
            return chance.choice(["null", "true", "7", '"x"', "{}", "[]", self.plain(), '"\\ud800"', "[null]", '{"a":null}'])
        if kind[0] == "[":
            return "[" + ", ".join(self.value(kind[1:], depth) for _ in range(chance.randint(0, 3))) + "]"
        if kind[0] == "{":
            keys = {
                "{int": ["a", "b", ""],
                "{inner": ["1", "-5", "01", "1.0", "2147483648", "x"],
                "{text": ["true", "false", "1", "True"],
                "{bytes": ["0", "18446744073709551615", "-1"],
                "{value": ["a", "b"],
            }[kind]
            return (
                "{"
                + ",".join(
                    f'"{key}":{self.value(kind[1:], depth)}' for key in chance.sample(keys, chance.randint(0, min(2, len(keys))))
                )
                + "}"
            )
        if kind == "int":
            text = chance.choice(WHOLE[:4]) if chance.random() < 0.5 else chance.choice(WHOLE)
            return text if chance.random() < 0.6 else chance.choice([f'"{text}"', f'"{text}"', f'" {text}"', f'"\\u0031{text}"'])
        if kind == "float":
            if chance.random() < 0.2:
                return self.pick(["NaN", "Infinity", "-Infinity", "nan", "1.5", "-1e3", "1e400", " 1", "1x"])
            return chance.choice(FRACTIONS[:4]) if chance.random() < 0.4 else chance.choice(FRACTIONS)
        if kind == "bool":
            return chance.choice(["true", "false", "true", "false", '"true"', "1"])
        if kind == "enum":
            return (
                self.pick(NAMES[:3])
                if chance.random() < 0.6
                else chance.choice([self.pick(NAMES), "0", "1", "-2", "77", "1.0", "2147483648", '"1"'])
            )
        if kind == "null":
            return chance.choice(["null", "null", '"NULL_VALUE"', "0", '"x"', "{}"])
        texts = {"text": TEXTS, "bytes": BYTES, "time": TIMES, "duration": DURATIONS, "mask": MASKS}.get(kind)
        if texts:
            return self.pick(texts[:3]) if chance.random() < 0.5 else self.pick(texts)
        if kind == "inner":
            return self.object({"n": "int", "next": "inner", "texts": "[text"}, depth)
        if kind == "old":
            members = {"id": "int", "closed": "closed", "part": "part", "[legacy.note]": "text"}
            return self.object(members, depth, always=["id"] if chance.random() < 0.9 else [])
        if kind == "closed":
            return chance.choice(['"ON"', '"OFF"', "1", "2", '"RED"'])
        if kind == "part":
            return self.object({"text": "text"}, depth)
        if kind == "struct":
            return '{"a":' + self.plain() + "}"
        if kind == "list":
            return "[" + self.plain() + "]"
        if kind == "empty":
            return chance.choice(["{}", "{}", "{ }", '{"a":1}'])
        if kind == "any":
            return self.any(depth)
        return self.plain()

    def any(self, depth):
        name, members = self.chance.choice(
            [
                ("everything.Inner", {"n": "int", "texts": "[text"}),
                ("google.protobuf.Timestamp", {"value": "time"}),
                ("google.protobuf.Int64Value", {"value": "int"}),
                ("google.protobuf.Empty", {}),
                ("google.protobuf.Struct", {"value": "struct"}),
                ("nowhere.Message", {}),
                ("google.protobuf.Value", {"value": "value"}),
                ("google.protobuf.Any", {"value": "any"}),
            ]
        )
        if depth > 2:
            return "{}"
        parts = [f'"{key}":{self.value(kind, depth + 1)}' for key, kind in members.items() if self.chance.random() < 0.9]
        address = self.chance.choice(["type.googleapis.com/", "type.googleapis.com/", "x.test/y/"])
        parts.insert(self.chance.randint(0, len(parts)), f'"@type":"{address}{name}"')
        if self.chance.random() < 0.05:
            parts.append('"extra":1')
        return "{" + ",".join(parts) + "}"

    def object(self, members, depth, always=()):
        if depth > 3:
            return "{}"
        names = list(dict.fromkeys([*always, *self.chance.sample(list(members), self.chance.randint(0, min(3, len(members))))]))
        parts = [f'"{name}": {self.value(members[name], depth + 1)}' for name in names]
        if self.chance.random() < 0.04:
            parts.append(self.chance.choice(['"unknown":1', '"a_int_32":1', '"[legacy.none]":1', (parts or ['"n":1'])[0]]))
        return "{" + ",".join(parts) + "}"

    def document(self):
        names = self.chance.sample(list(OF), self.chance.randint(1, 3))
        parts = [f'"{name}":{self.value(OF[name])}' for name in names]
        if self.chance.random() < 0.04:
            parts.append(self.chance.choice(['"unknown":1', parts[0], '"maybe":null', '"one":null', '"two":"x"']))
        return "{" + ",".join(parts) + "}" + ("," if self.chance.random() < 0.01 else "")
