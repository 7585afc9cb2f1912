"""Writes what others say of Protobuf: evolutions FOLDER BUF COUNT [SEED] | sets FOLDER BUF FIXTURES | data FOLDER BUF SET."""

import base64
import json
import pathlib
import random
import subprocess
import sys

import documents
import grpc_tools
import protos
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
WELL_KNOWN = pathlib.Path(grpc_tools.__file__).parent / "_proto"


def line(**members):
    print(json.dumps(members, separators=(",", ":"), ensure_ascii=True))


def compiled(folder, name, source):
    """The file's descriptor; None where it is no good."""
    (folder / name).write_text(source)
    out = folder / "out.binpb"
    if protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={out}", str(folder / name)]) != 0:
        return None
    return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0]


def breaks(buf, folder, new, old, category):
    """The rules that each file of a set breaks."""
    (folder / "new.binpb").write_bytes(new.SerializeToString())
    (folder / "old.binpb").write_bytes(old.SerializeToString())
    config = json.dumps({"version": "v2", "breaking": {"use": [category]}})
    done = subprocess.run(
        [buf, "breaking", str(folder / "new.binpb"), "--against", str(folder / "old.binpb"), "--config", config,
         "--error-format", "json"], capture_output=True, text=True)
    if done.returncode not in (0, 100):
        raise SystemExit(f"buf breaking: {done.stderr}")
    found = {}
    for text in done.stdout.splitlines():
        annotation = json.loads(text)
        found.setdefault(annotation.get("path"), set()).add(annotation["type"])
    return found


def evolutions(folder, buf, count, seed):
    chance = random.Random(seed)
    olds, news = descriptor_pb2.FileDescriptorSet(), descriptor_pb2.FileDescriptorSet()
    while len(olds.file) < count:
        name = f"e{len(olds.file)}.proto"
        maker = protos.Maker(chance, f"e{len(olds.file)}")
        old = compiled(folder, name, protos.text(maker.file))
        new = compiled(folder, name, protos.text(protos.Evolution(maker).file)) if old is not None else None
        if new is None or new == old:
            continue
        olds.file.append(old)
        news.file.append(new)
    wire, wire_json = (breaks(buf, folder, news, olds, category) for category in ("WIRE", "WIRE_JSON"))
    for old, new in zip(olds.file, news.file, strict=True):
        sets = [descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString() for file in (old, new)]
        line(old=base64.b64encode(sets[0]).decode(), new=base64.b64encode(sets[1]).decode(),
             wire=sorted(wire.get(old.name, [])), wire_json=sorted(wire_json.get(old.name, [])))


def sets(folder, buf, fixtures):
    """The same files as protoc and buf describe them."""
    made = protoc.main([
        "protoc", f"-I{HERE}", f"-I{WELL_KNOWN}", "--include_imports",
        f"--descriptor_set_out={fixtures}/protobuf-everything.binpb", "everything.proto"])
    if made != 0:
        raise SystemExit("protoc does not take everything.proto")
    subprocess.run(
        [buf, "build", str(HERE), "--path", str(HERE / "everything.proto"), "-o", f"{fixtures}/protobuf-everything-buf.binpb",
         "--exclude-source-info"], check=True)


def data(folder, buf, file, count):
    """Documents, and whether Python and buf take them. Buf leaves out what it does not know; it takes what it takes whole."""
    described = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for part in described.file:
        pool.Add(part)
    message = message_factory.GetMessageClassesForFiles([part.name for part in described.file], pool)["everything.Placed"]
    maker = documents.Maker(random.Random(20260505))
    for _ in range(count):
        text = maker.document()
        binary = None
        try:
            parsed = json_format.Parse(text, message(), descriptor_pool=pool)
            binary = base64.b64encode(parsed.SerializeToString(deterministic=True)).decode()
        except Exception:
            pass
        (folder / "in.json").write_text(text)
        done = subprocess.run(
            [buf, "convert", file, "--type", "everything.Placed", "--from", str(folder / "in.json"), "--to",
             str(folder / "out.binpb")], capture_output=True)
        taken = done.returncode == 0
        if taken and binary is not None:
            theirs = message.FromString((folder / "out.binpb").read_bytes())
            both = [json_format.MessageToDict(part, descriptor_pool=pool) for part in (theirs, parsed)]
            taken = both[0] == both[1]
        line(text=text, python="ny"[binary is not None], binary=binary, buf="ny"[taken])


if __name__ == "__main__":
    folder, buf, rest = pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
    if sys.argv[1] == "evolutions":
        evolutions(folder, buf, int(rest[0]), int(rest[1]) if len(rest) > 1 else 20260404)
    elif sys.argv[1] == "sets":
        sets(folder, buf, rest[0])
    else:
        data(folder, buf, rest[0], 1000)
