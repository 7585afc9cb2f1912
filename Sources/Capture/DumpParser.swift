// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire

/// Reads the result of `pg_logical_slot_peek_binary_changes` as `psql` prints it: `lsn|xid|data` on each line.
///
/// The data may be plain hexadecimal (as `encode(data, 'hex')` gives it), bytea's hexadecimal form with `\x`, or its
/// escape form with octal codes. Column titles, rules and the row count are passed over.
struct DumpParser {
  /// A line that is none of these.
  struct Failure: Error {
    let what: String
  }

  /// The frame around the message of a line; nil for a line that carries none.
  func frame(of line: [UInt8]) throws(Failure) -> [UInt8]? {
    let parts = line.split(separator: UInt8(ascii: "|"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      let isDecoration = line.allSatisfy { $0 == 0x20 || $0 == 0x0D } || line.first == UInt8(ascii: "(")
      let isRule = line.allSatisfy { "-+ \r".utf8.contains($0) }
      guard isDecoration || isRule else { throw Failure(what: "neither a capture file nor a line of lsn|xid|data") }
      return nil
    }
    let first = String(decoding: Self.trimmed(parts[0]), as: UTF8.self)
    if first == "lsn" { return nil }
    guard let lsn = LSN(first) else { throw Failure(what: "no LSN in front of the first |") }
    guard UInt32(String(decoding: Self.trimmed(parts[1]), as: UTF8.self)) != nil else {
      throw Failure(what: "no transaction identifier between the two |")
    }
    guard let payload = Self.bytes(parts[2]) else {
      throw Failure(what: "data in neither hexadecimal nor escape form")
    }
    return ReplicationFrame.xLogData(start: lsn, sentAt: PostgresTimestamp(rawValue: 0), payload: payload)
  }

  private static func trimmed(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var part = part
    while let first = part.first, first == 0x20 { part.removeFirst() }
    while let last = part.last, last == 0x20 || last == 0x0D { part.removeLast() }
    return part
  }

  private static func bytes(_ data: ArraySlice<UInt8>) -> [UInt8]? {
    let text = trimmed(data)
    if text.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]) { return Hexadecimal.decode(text.dropFirst(2)) }
    // In the escape form a blank at the end is data.
    return Hexadecimal.decode(text) ?? escaped(Array(data.drop { $0 == 0x20 }.prefix { $0 != 0x0D }))
  }

  /// A backslash and three octal digits stand for one byte, two backslashes for one, other bytes for themselves.
  private static func escaped(_ text: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    var index = 0
    while index < text.count {
      guard text[index] == UInt8(ascii: "\\") else {
        bytes.append(text[index])
        index += 1
        continue
      }
      if index + 1 < text.count, text[index + 1] == UInt8(ascii: "\\") {
        bytes.append(UInt8(ascii: "\\"))
        index += 2
        continue
      }
      guard index + 3 < text.count else { return nil }
      guard let value = UInt8(String(decoding: text[(index + 1)...(index + 3)], as: UTF8.self), radix: 8) else {
        return nil
      }
      bytes.append(value)
      index += 4
    }
    return bytes
  }
}
