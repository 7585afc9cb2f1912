// SPDX-License-Identifier: Apache-2.0

import PgOutput
import TestStream
import Testing

/// A message's bytes, built by hand, and what they mean.
struct Sample: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let expected: Message
  /// Whether it is decoded between Stream Start and Stream Stop, where it carries a transaction.
  let isStreamed: Bool
  /// Lengths at which a shorter form of the message ends.
  let shorterForms: Set<Int>

  init(
    _ name: String, _ wire: Wire, _ expected: Message, isStreamed: Bool = false, shorterForms: Set<Int> = []
  ) {
    self.name = name
    bytes = wire.bytes
    self.expected = expected
    self.isStreamed = isStreamed
    self.shorterForms = shorterForms
  }

  var testDescription: String { name }

  static let all: [Sample] =
    [
      .begin, .commit, .origin, .streamStart, .streamStop, .streamCommit, .streamAbort, .parallelStreamAbort,
      .beginPrepare, .prepare, .streamPrepare, .commitPrepared, .rollbackPrepared,
    ] + Sample.relations + Sample.types + Sample.inserts + Sample.updates + Sample.deletes + Sample.truncates
    + Sample.logicalMessages

  /// Decodes other bytes in this sample's place.
  func decode(_ bytes: [UInt8]) throws(DecodeError) -> Message {
    var decoder = Decoder()
    if isStreamed { _ = try decoder.decode(HandBuilt.streamStart(77).span.bytes) }
    return try decoder.decode(bytes.span.bytes)
  }

  func decode() throws(DecodeError) -> Message { try decode(bytes) }
}

/// Decodes messages one after another; gives the last.
@discardableResult
func decode(_ messages: [UInt8]...) throws(DecodeError) -> Message? {
  var decoder = Decoder()
  var last: Message?
  for message in messages { last = try decoder.decode(message.span.bytes) }
  return last
}
