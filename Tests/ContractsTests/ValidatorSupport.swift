// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

extension PayloadValidator {
  /// What does not match in a text that has something around it in memory.
  func mismatch(_ text: String) -> Mismatch? { mismatch(Array(text.utf8)) }

  /// The same; what is asked first must never say yes where there is a mismatch.
  func mismatch(_ text: [UInt8]) -> Mismatch? {
    let bytes = [0x22, 0x5D] + text + [0x7D, 0x2C]
    let found = mismatch(in: bytes.span.bytes, 2..<(2 + text.count))
    if found != nil, accepts(text) {
      Issue.record("accepted: \(String(decoding: text, as: UTF8.self)), \(String(describing: found))")
    }
    return found
  }

  /// Whether it is sure at first sight; so with something behind it in memory as without.
  func accepts(_ text: [UInt8]) -> Bool {
    guard let acceptor = acceptor() else { return false }
    let alone = acceptor.accepts(text.span.bytes, 0..<text.count)
    for rest in ["\"", "}", "1", " ", "aaaaaaaaaaaaaaaa\"}"] {
      let bytes = text + rest.utf8
      if acceptor.accepts(bytes.span.bytes, 0..<text.count) != alone {
        Issue.record("what lies behind counts: \(String(decoding: bytes, as: UTF8.self))")
      }
    }
    return alone
  }
}
