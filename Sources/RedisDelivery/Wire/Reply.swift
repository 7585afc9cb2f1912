// SPDX-License-Identifier: Apache-2.0

/// What a server answers. Source: Redis serialization protocol specification (RESP2 and RESP3).
package enum Reply: Hashable, Sendable {
  /// Text of every kind: simple, bulk, verbatim, a big number or a fraction, as it is written.
  case text([UInt8])
  case integer(Int64)
  case boolean(Bool)
  case null
  /// Elements in order; those of a map are its keys and values in turn.
  case list([Reply])
  /// What went wrong: its first word is a code.
  case error([UInt8])
  /// What nobody asked for.
  case push([Reply])

  /// Text, where it is some and UTF-8.
  package var string: String? {
    guard case .text(let bytes) = self else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}

/// What a server sends that the protocol does not allow, or that we do not take. Never has the bytes themselves.
package enum ReplyBreach: Error, Hashable {
  /// A reply begins with none of the known bytes.
  case kind(UInt8)
  /// A count or a number is none.
  case number
  /// A line or a text does not end where it has to.
  case noEnd
  /// A reply is longer than anything that is asked for.
  case tooLong
  /// Lists in lists, more than anybody needs.
  case tooDeep
  /// It answers what was not asked.
  case outOfTurn
  /// It answers something else than was asked.
  case unexpected
}

extension ReplyBreach: CustomStringConvertible {
  package var description: String {
    switch self {
    case .kind, .number, .noEnd: "what answers does not speak the protocol of Redis"
    case .tooLong: "it sends an answer that is longer than any that was asked for"
    case .tooDeep: "it sends an answer of lists in lists without an end"
    case .outOfTurn: "it answers what was not asked"
    case .unexpected: "it answers something else than was asked"
    }
  }
}
