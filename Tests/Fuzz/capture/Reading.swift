// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import PostgresWire

/// Input: a capture file or a dump. Whatever it holds, reading it ends, with frames or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func read(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let path = "/dev/shm/tailrace-fuzz-\(getpid())"
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  defer { unlink(path) }
  guard file >= 0, write(file, start, count) == count else { fatalError("no memory to write the input to") }
  close(file)
  guard var reader = try? CaptureReader(path: path) else { return 0 }
  var bytes = 0
  while let supply = try? reader.receive({ frame in
    bytes += frame.byteCount
    return .more
  }), supply != .ended {}
  precondition(bytes <= count * 2 + 1024, "more came out than went in")
  return 0
}
