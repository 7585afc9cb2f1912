// SPDX-License-Identifier: Apache-2.0

import PgOutput

/// Input: messages, each behind its length in two bytes. Whatever they hold, decoding them ends in messages or errors.
@_cdecl("LLVMFuzzerTestOneInput")
public func decode(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
  var decoder = Decoder()
  var offset = 0
  while offset + 2 <= input.count {
    let length = Int(input[offset]) << 8 | Int(input[offset + 1])
    let end = min(input.count, offset + 2 + length)
    let message = input.span.bytes.extracting((offset + 2)..<end)
    if let decoded = try? decoder.decode(message), case .insert(let insert) = decoded,
      let version = try? decoder.relation(of: insert.new, insert.relationID, in: message)
    {
      var columns = 0
      insert.new.forEachColumn(in: message) { _, _ in columns += 1 }
      precondition(columns == decoder.relations[version].columns.count)
    }
    offset = end
  }
  return 0
}
