"""Writes what others say of generated .proto files: evolutions FOLDER BUF [COUNT [SEED]]."""

import base64
import json
import pathlib
import random
import subprocess
import sys

import protos
from google.protobuf import descriptor_pb2
from grpc_tools import protoc


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


if __name__ == "__main__":
    evolutions(
        pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 500,
        int(sys.argv[5]) if len(sys.argv) > 5 else 20260404)
