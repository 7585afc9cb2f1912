// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Contracts

/// Descriptor sets that others have made; `Scripts/capture-protobuf-contracts` makes them again.
enum ProtobufFixtures {
  static func bytes(_ name: String) throws -> [UInt8] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
    let file = tests.appendingPathComponent("../../../Fixtures/contracts/protobuf-\(name)").standardizedFileURL
    return [UInt8](try Data(contentsOf: file))
  }

  static func lines(_ name: String) throws -> [SchemaDocument] {
    try bytes("\(name).ndjson").split(separator: 0x0A).map { try SchemaDocument(Array($0)) }
  }

  static func everything() throws -> ProtobufSchema {
    try ProtobufSchema(bytes("everything.binpb"), type: "everything.Placed")
  }
}

extension SchemaDocument {
  /// The member's text; empty for what is none.
  func text(_ name: String) -> String { if case .string(let text)? = self[name]?.value { text } else { "" } }

  /// The member's texts.
  func texts(_ name: String) -> Set<String> {
    guard case .array(let elements)? = self[name]?.value else { return [] }
    return Set(elements.compactMap { if case .string(let text) = $0.value { text } else { nil } })
  }

  /// The bytes of a member that is base64.
  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: text(name)))) }
}

/// Writes descriptors by hand, right and wrong.
struct Described {
  var bytes: [UInt8] = []

  /// A field of a number.
  func number(_ field: Int, _ value: UInt64) -> Described {
    Described(bytes: bytes + Self.varint(UInt64(field) << 3) + Self.varint(value))
  }

  /// A field of bytes.
  func part(_ field: Int, _ part: Described) -> Described {
    Described(
      bytes: bytes + Self.varint(UInt64(field) << 3 | 2) + Self.varint(UInt64(part.bytes.count)) + part.bytes)
  }

  func text(_ field: Int, _ text: String) -> Described { part(field, Described(bytes: Array(text.utf8))) }

  static func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// A field of a message: by default an optional string.
  static func field(_ name: String, _ number: UInt64, kind: UInt64 = 9, label: UInt64 = 1) -> Described {
    Described().text(1, name).number(3, number).number(4, label).number(5, kind)
  }

  static func message(_ name: String, _ fields: [Described]) -> Described {
    fields.reduce(Described().text(1, name)) { $0.part(2, $1) }
  }

  /// A set of one file of proto3.
  static func set(_ messages: [Described], syntax: String = "proto3") -> [UInt8] {
    let file = messages.reduce(Described().text(1, "a.proto").text(12, syntax)) { $0.part(4, $1) }
    return Described().part(1, file).bytes
  }

  static func schema(_ messages: [Described], type: String = "Placed") throws -> ProtobufSchema {
    try ProtobufSchema(set(messages), type: type)
  }
}

/// Why a set is refused; nil where it is not.
func protobufFault(_ bytes: [UInt8], type: String = "Placed") -> SchemaFault? {
  do {
    _ = try ProtobufSchema(bytes, type: type)
    return nil
  } catch {
    return error
  }
}
