// SPDX-License-Identifier: Apache-2.0

import NATSDelivery

/// Input: what a server of NATS sends. Whatever it holds, reading it ends, in one piece as in many, with the same words and the same
/// end; nothing comes out that did not go in, and what is in a message is JSON or is not.
@_cdecl("LLVMFuzzerTestOneInput")
public func read(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  _ = JSONValue(bytes)
  let whole = words(bytes, inPiecesOf: max(1, count))
  precondition(whole.words.reduce(0) { $0 + size($1) } <= count, "more came out than went in")
  for size in [1, 7] {
    let pieces = words(bytes, inPiecesOf: size)
    precondition(pieces.words == whole.words, "pieces are read as something else")
    precondition(pieces.breach == whole.breach, "pieces end in another way")
  }
  for case .message(let message) in whole.words { _ = JSONValue(message.payload) }
  return 0
}

private func words(_ bytes: [UInt8], inPiecesOf size: Int) -> (words: [ServerWord], breach: WordBreach?) {
  var reader = ServerReader()
  var found: [ServerWord] = []
  var rest = bytes[...]
  do throws(WordBreach) {
    while !rest.isEmpty {
      reader.append(rest.prefix(size))
      rest = rest.dropFirst(size)
      while let word = try reader.next() { found.append(word) }
    }
  } catch {
    return (found, error)
  }
  return (found, nil)
}

/// How many bytes a word takes at least.
private func size(_ word: ServerWord) -> Int {
  switch word {
  case .info(let text): text.count + 6
  case .message(let message): message.subject.count + message.payload.count + 10
  // What is no UTF-8 is longer as it is shown.
  case .error, .ping, .pong, .ok: 5
  }
}
