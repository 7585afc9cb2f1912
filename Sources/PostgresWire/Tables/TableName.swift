// SPDX-License-Identifier: Apache-2.0

/// A table's name with its schema, unquoted. Names are equal when their bytes are, as for the server: two ways to write one
/// letter are two names.
public struct TableName: Sendable {
  /// The schema.
  public let schema: String
  /// The table.
  public let name: String

  /// Makes a name from its parts.
  public init(schema: String, name: String) {
    self.schema = schema
    self.name = name
  }
}

extension TableName: Hashable {
  /// Compares bytes.
  public static func == (left: TableName, right: TableName) -> Bool {
    left.name.utf8.elementsEqual(right.name.utf8) && left.schema.utf8.elementsEqual(right.schema.utf8)
  }

  /// Hashes bytes.
  public func hash(into hasher: inout Hasher) {
    for part in [schema, name] {
      for byte in part.utf8 { hasher.combine(byte) }
      hasher.combine(0xFF as UInt8)
    }
  }
}

extension TableName {
  /// How many bytes of a name the server keeps.
  private static let longest = 63

  /// How many bytes a server's encoding may have for a letter beyond ASCII; nil as many as UTF-8.
  private static let widths = [nil, 1, 2]

  /// Whether a table of the server is the one that is meant, whose name it cuts to 63 bytes, between two characters. They are
  /// bytes in its own encoding: it is asked how it cuts a name where it can be asked.
  ///
  /// Source: PostgreSQL manual, "Identifiers and Key Words".
  public func isStored(as stored: TableName) -> Bool {
    self == stored || Self.widths.contains { cut($0) == stored }
  }

  /// The name as a server stores it with so many bytes for a letter beyond ASCII.
  func cut(_ width: Int?) -> TableName {
    TableName(schema: Self.cut(schema, width), name: Self.cut(name, width))
  }

  private static func cut(_ part: String, _ width: Int?) -> String {
    guard part.utf8.count > longest else { return part }
    var kept = String.UnicodeScalarView()
    var count = 0
    for scalar in part.unicodeScalars {
      count += scalar.isASCII ? 1 : width ?? UTF8.width(scalar)
      if count > longest { break }
      kept.append(scalar)
    }
    return String(kept)
  }
}

extension TableName: LosslessStringConvertible {
  /// Reads `schema.table` or `table`, with double quotes where SQL needs them; `table` alone is in `public`.
  ///
  /// Of unquoted parts the ASCII letters are folded to lower case, as PostgreSQL does.
  public init?(_ description: String) {
    var parts: [String] = []
    // Not characters: a mark that combines with a quote is a letter of its own for the server.
    var rest = Substring(description).unicodeScalars
    while true {
      var part = String.UnicodeScalarView()
      if rest.first == "\"" {
        rest.removeFirst()
        while true {
          guard let end = rest.firstIndex(of: "\"") else { return nil }
          part.append(contentsOf: rest[..<end])
          rest = rest[rest.index(after: end)...]
          guard rest.first == "\"" else { break }
          part.append("\"")
          rest.removeFirst()
        }
      } else {
        let end = rest.firstIndex(of: ".") ?? rest.endIndex
        part.append(contentsOf: rest[..<end].lazy.map(Self.folded))
        guard !part.contains(where: { $0 == "\"" || Self.isBlank($0) }) else { return nil }
        rest = rest[end...]
      }
      guard !part.isEmpty, !part.contains("\0") else { return nil }
      parts.append(String(part))
      if rest.isEmpty { break }
      guard rest.removeFirst() == "." else { return nil }
    }
    switch parts.count {
    case 1: self.init(schema: "public", name: parts[0])
    case 2: self.init(schema: parts[0], name: parts[1])
    default: return nil
    }
  }

  private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    guard ("A"..."Z").contains(scalar) else { return scalar }
    return Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value) + 32)
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || ("\u{9}"..."\u{D}").contains(scalar)
  }

  /// `schema.table`, each part in double quotes where it would be read as another name without.
  public var description: String { "\(Self.quoted(schema)).\(Self.quoted(name))" }

  private static func quoted(_ part: String) -> String {
    let isPlain = part.utf8.allSatisfy { byte in
      switch byte {
      case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "_"), UInt8(ascii: "$"): true
      default: false
      }
    }
    return isPlain && !part.isEmpty ? part : SQLName.quoted(part)
  }

  /// `schema.table` for an event's source, which has always been written without quotes: they stand only around a part whose
  /// dots or quotes would make two tables one.
  public var inSource: String {
    let parts = [schema, name].map { part in
      part.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "\"") } ? SQLName.quoted(part) : part
    }
    return parts.joined(separator: ".")
  }
}
