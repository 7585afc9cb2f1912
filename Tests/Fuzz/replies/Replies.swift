// SPDX-License-Identifier: Apache-2.0

import RedisDelivery

/// Input: what a server of Redis sends. Whatever it holds, reading it ends, in one piece as in many, with the same replies and
/// the same end; nothing comes out that did not go in.
@_cdecl("LLVMFuzzerTestOneInput")
public func read(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let whole = replies(bytes, inPiecesOf: max(1, count))
  precondition(whole.replies.reduce(0) { $0 + size($1) } <= count, "more came out than went in")
  for size in [1, 7] {
    let pieces = replies(bytes, inPiecesOf: size)
    precondition(pieces.replies == whole.replies, "pieces are read as something else")
    precondition(pieces.breach == whole.breach, "pieces end in another way")
  }
  return 0
}

private func replies(_ bytes: [UInt8], inPiecesOf size: Int) -> (replies: [Reply], breach: ReplyBreach?) {
  var reader = ReplyReader()
  var found: [Reply] = []
  var rest = bytes[...]
  do throws(ReplyBreach) {
    while !rest.isEmpty {
      reader.append(rest.prefix(size))
      rest = rest.dropFirst(size)
      while let reply = try reader.next() { found.append(reply) }
    }
  } catch {
    return (found, error)
  }
  return (found, nil)
}

/// How many bytes a reply takes at least.
private func size(_ reply: Reply) -> Int {
  switch reply {
  case .text(let text), .error(let text): text.count + 3
  case .integer, .boolean, .null: 3
  case .list(let elements), .push(let elements): elements.reduce(3) { $0 + size($1) }
  }
}
