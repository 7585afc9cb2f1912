"""Makes .proto files, and versions of them that have gone on, all from one seed."""

import copy

NUMBERS = ["int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"]
SCALARS = NUMBERS + ["double", "float", "bool", "string", "bytes"]
KEYS = NUMBERS + ["bool", "string"]
GROUPS = [
    ["int32", "uint32", "int64", "uint64", "bool"], ["sint32", "sint64"], ["fixed32", "sfixed32"],
    ["fixed64", "sfixed64"], ["string", "bytes"], ["float", "double"],
]
DEFAULTS = {
    "double": ["1.5", "-2", "inf", "nan"], "float": ["1.5", "0.1", "3"], "bool": ["true", "false"],
    "string": ['"a"', '"b"', '""'], "bytes": ['"a"', '"\\001"'],
}


class Maker:
    """Makes one file: some messages and enums that refer to each other."""

    def __init__(self, chance, package):
        self.chance = chance
        self.file = {
            "syntax": chance.choice(["proto2", "proto3", "proto3", "2023"]), "package": package, "messages": [], "enums": [],
            "methods": [], "extensions": [], "features": {},
        }
        if self.file["syntax"] == "2023":
            for feature, values in (
                    ("field_presence", ["EXPLICIT", "IMPLICIT"]), ("message_encoding", ["LENGTH_PREFIXED", "DELIMITED"]),
                    ("json_format", ["ALLOW", "LEGACY_BEST_EFFORT"]), ("enum_type", ["OPEN", "CLOSED"])):
                if chance.random() < 0.3:
                    self.file["features"][feature] = chance.choice(values)
        for name in ("Color", "Shade"):
            self.file["enums"].append(self.enum(name, name.upper()))
        names = ["Placed", "Item", "Other"]
        for name in names:
            self.file["messages"].append(
                {"name": name, "fields": [], "enums": [], "numbers": [], "names": [], "extends": False})
        for message in self.file["messages"]:
            self.fill(message)
        for name in ("Get", "List"):
            self.file["methods"].append({
                "name": name, "request": chance.choice(names), "response": chance.choice(names),
                "client": chance.random() < 0.3, "server": chance.random() < 0.3, "level": None})
        if self.file["syntax"] != "proto3" and chance.random() < 0.4:
            self.file["messages"][0]["extends"] = True
            field = self.field("more", 100)
            self.file["extensions"].append({**field, "label": "optional", "oneof": None, "key": None, "json": None})

    def enum(self, name, prefix):
        count = self.chance.randint(2, 4)
        return {
            "name": name, "prefix": prefix, "values": [[f"{prefix}_{index}", index] for index in range(count)], "alias": False,
            "numbers": [[20, 22]] if self.chance.random() < 0.3 else [], "names": ["GONE"] if self.chance.random() < 0.3 else [],
        }

    def kind(self):
        return self.chance.choice(SCALARS + ["Color", "Shade", "Item", "Other"] * 2)

    def label(self):
        if self.file["syntax"] == "proto3":
            return self.chance.choice(["", "", "optional", "repeated"])
        if self.file["syntax"] == "2023":
            return self.chance.choice(["", "", "repeated"])
        return "required" if self.chance.random() < 0.15 else self.chance.choice(["optional", "optional", "repeated"])

    def field(self, name, number):
        field = {"name": name, "number": number, "kind": self.kind(), "label": self.label(), "oneof": None, "json": None,
                 "default": None, "key": None, "features": {}}
        if self.chance.random() < 0.15:
            field.update(label="map", key=self.chance.choice(KEYS))
        elif self.chance.random() < 0.2:
            field.update(label="", oneof=self.chance.choice(["one", "two"]))
        if self.chance.random() < 0.1:
            field["json"] = self.chance.choice(["x", "theName"]) + str(number)
        self.default(field)
        return field

    def default(self, field):
        field["default"] = None
        if self.file["syntax"] == "proto3" or field["label"] in ("repeated", "map") or self.chance.random() < 0.6:
            return
        if field["kind"] in NUMBERS:
            field["default"] = self.chance.choice(["0", "1", "7"])
        elif field["kind"] in ("Color", "Shade"):
            values = self.file["enums"][field["kind"] == "Shade"]["values"]
            field["default"] = self.chance.choice([value[0] for value in values])
        else:
            field["default"] = self.chance.choice(DEFAULTS.get(field["kind"], [None]))

    def fill(self, message):
        for number in self.chance.sample(range(1, 16), self.chance.randint(1, 5)):
            message["fields"].append(self.field(self.chance.choice(["field_", "aName"]) + str(number), number))
        if self.chance.random() < 0.4:
            message["numbers"] = [[30, self.chance.randint(30, 35)]] + ([[40, 41]] if self.chance.random() < 0.5 else [])
        if self.chance.random() < 0.4:
            message["names"] = ["old_name"]


class Evolution(Maker):
    """The same file some time later."""

    def __init__(self, maker):
        self.chance = maker.chance
        self.file = copy.deepcopy(maker.file)
        changes = [self.drop_field] * 2 + [self.change_field] * 4 + [self.add_field] + [self.change_enum] * 2
        changes += [self.change_reserved, self.change_other]
        for _ in range(self.chance.choice([1, 1, 2, 3])):
            self.chance.choice(changes)()

    def message(self):
        return self.chance.choice(self.file["messages"])

    def drop_field(self):
        message = self.message()
        if message["fields"]:
            field = message["fields"].pop(self.chance.randrange(len(message["fields"])))
            if self.chance.random() < 0.6:
                message["numbers"].append([field["number"], field["number"]])
            if self.chance.random() < 0.6:
                message["names"].append(field["name"])

    def add_field(self):
        self.message()["fields"].append(self.field("added", 60))

    def change_field(self):
        fields = self.message()["fields"] + self.file["extensions"]
        if not fields:
            return
        field = self.chance.choice(fields)
        change = self.chance.choice(["name", "json", "kind", "near", "label", "oneof", "default", "features", "key"])
        if change == "name":
            field["name"] = field["name"] + "x"
        elif change == "json" and field["number"] < 100:
            field["json"] = self.chance.choice([None, "elsewhere"])
        elif change == "kind":
            field["kind"] = self.kind()
            self.default(field)
        elif change == "near":
            group = next((group for group in GROUPS if field["kind"] in group), SCALARS)
            field["kind"] = self.chance.choice(group)
            if self.chance.random() < 0.7:
                field["default"] = None
        elif change == "label" and field["number"] < 100:
            field.update(oneof=None, key=None, label=self.label())
            self.default(field)
        elif change == "oneof" and field["label"] in ("", "optional") and field["number"] < 100:
            is_out = field["oneof"] and self.chance.random() < 0.5
            field["oneof"] = None if is_out else self.chance.choice(["one", "two"])
            field["label"] = ""
        elif change == "default":
            self.default(field)
        elif change == "key" and field["key"]:
            field["key"] = self.chance.choice(KEYS)
        elif change == "features" and self.file["syntax"] == "2023":
            name, values = self.chance.choice([
                ("field_presence", ["EXPLICIT", "IMPLICIT", "LEGACY_REQUIRED"]),
                ("message_encoding", ["LENGTH_PREFIXED", "DELIMITED"]), ("repeated_field_encoding", ["PACKED", "EXPANDED"])])
            field["features"][name] = self.chance.choice(values)

    def change_enum(self):
        enums = self.file["enums"] + [enum for message in self.file["messages"] for enum in message["enums"]]
        enum = self.chance.choice(enums)
        change = self.chance.choice(["drop", "drop", "rename", "add", "alias", "number", "move"])
        if change == "drop" and len(enum["values"]) > 1:
            name, number = enum["values"].pop()
            if self.chance.random() < 0.6:
                enum["numbers"].append([number, number])
            if self.chance.random() < 0.6:
                enum["names"].append(name)
        elif change == "rename":
            self.chance.choice(enum["values"])[0] += "_X"
        elif change == "add":
            enum["values"].append([enum["prefix"] + "_NEW", 9])
        elif change == "alias":
            enum["values"].append([enum["prefix"] + "_TOO", enum["values"][-1][1]])
            enum["alias"] = True
        elif change == "number":
            enum["values"][-1][1] = 12
        elif change == "move" and not self.file["messages"][2]["enums"]:
            # One that has the same name, and stands elsewhere.
            moved = copy.deepcopy(self.file["enums"][0])
            if self.chance.random() < 0.3:
                moved["values"].pop()
            self.file["messages"][2]["enums"].append(moved)

    def change_reserved(self):
        place = self.chance.choice(self.file["messages"] + self.file["enums"])
        change = self.chance.choice(["numbers", "names", "shrink", "add"])
        if change == "shrink" and place["numbers"]:
            first = place["numbers"][0]
            if first[0] < first[1]:
                first[self.chance.randint(0, 1)] = self.chance.randint(first[0], first[1])
        elif change == "add":
            place["numbers"].append([70, 80])
            place["names"].append("another")
        elif change in ("numbers", "names"):
            place[change] = []

    def change_other(self):
        change = self.chance.choice(["package", "method", "method", "method", "json", "json", "rename"])
        if change == "package" and self.chance.random() < 0.5:
            self.file["package"] += "x"
        elif change == "method":
            method = self.chance.choice(self.file["methods"])
            what = self.chance.choice(["request", "response", "client", "server", "level"])
            if what in ("client", "server"):
                method[what] = not method[what]
            elif what == "level":
                method[what] = self.chance.choice(["IDEMPOTENT", "NO_SIDE_EFFECTS"])
            else:
                method[what] = self.chance.choice(["Placed", "Item", "Other"])
        elif change == "json" and self.file["syntax"] == "2023":
            self.file["features"]["json_format"] = self.chance.choice(["ALLOW", "LEGACY_BEST_EFFORT"])
        elif change == "rename":
            self.file["messages"][1]["name"] = "Thing"
            fields = [field for message in self.file["messages"] for field in message["fields"]] + self.file["extensions"]
            for field in fields:
                field["kind"] = "Thing" if field["kind"] == "Item" else field["kind"]
            for method in self.file["methods"]:
                for what in ("request", "response"):
                    method[what] = "Thing" if method[what] == "Item" else method[what]


def field_text(field, syntax):
    parts = [f'json_name = "{field["json"]}"'] if field["json"] else []
    if field["default"] is not None:
        parts.append(f"default = {field['default']}")
    parts += [f"features.{name} = {value}" for name, value in sorted(field["features"].items())]
    kind, label = field["kind"], field["label"]
    if field["key"]:
        kind, label = f"map<{field['key']}, {kind}>", ""
    elif field["oneof"] is None and not label and syntax == "proto2":
        label = "optional"
    options = f" [{', '.join(parts)}]" if parts else ""
    return f"  {label} {kind} {field['name']} = {field['number']}{options};\n"


def reserved_text(part, is_edition):
    text = "".join(f"  reserved {first} to {last};\n" for first, last in part["numbers"])
    return text + "".join(f"  reserved {name};\n" if is_edition else f'  reserved "{name}";\n' for name in part["names"])


def enum_text(enum, is_edition):
    text = f"enum {enum['name']} {{\n" + ("  option allow_alias = true;\n" if enum["alias"] else "")
    text += "".join(f"  {name} = {number};\n" for name, number in enum["values"])
    return text + reserved_text(enum, is_edition) + "}\n"


def message_text(message, syntax):
    made = f"message {message['name']} {{\n" + "".join(enum_text(enum, syntax == "2023") for enum in message["enums"])
    for oneof in (None, "one", "two"):
        fields = "".join(field_text(field, syntax) for field in message["fields"] if field["oneof"] == oneof)
        made += f"oneof {oneof} {{\n{fields}}}\n" if oneof and fields else fields
    made += "  extensions 100 to 110;\n" if message["extends"] else ""
    return made + reserved_text(message, syntax == "2023") + "}\n"


def text(file):
    syntax = file["syntax"]
    is_edition = syntax == "2023"
    made = f'edition = "{syntax}";\n' if is_edition else f'syntax = "{syntax}";\n'
    made += f"package {file['package']};\n"
    made += "".join(f"option features.{name} = {value};\n" for name, value in sorted(file["features"].items()))
    made += "".join(enum_text(enum, is_edition) for enum in file["enums"])
    made += "".join(message_text(message, syntax) for message in file["messages"])
    for field in file["extensions"]:
        made += f"extend Placed {{\n{field_text({**field, 'label': '' if is_edition else 'optional'}, syntax)}}}\n"
    made += "service Shop {\n"
    for method in file["methods"]:
        level = f"option idempotency_level = {method['level']};" if method["level"] else ""
        request = ("stream " if method["client"] else "") + method["request"]
        response = ("stream " if method["server"] else "") + method["response"]
        made += f"  rpc {method['name']}({request}) returns ({response}) {{ {level} }}\n"
    return made + "}\n"
