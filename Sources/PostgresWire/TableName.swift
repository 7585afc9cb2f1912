/// A table's name with its schema, unquoted.
public struct TableName: Hashable, Sendable {
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

extension TableName: LosslessStringConvertible {
  /// Reads `schema.table` or `table`, with double quotes where SQL needs them; `table` alone is in `public`.
  ///
  /// Unquoted parts are folded to lower case, as PostgreSQL does.
  public init?(_ description: String) {
    var parts: [String] = []
    var rest = Substring(description)
    while true {
      var part = ""
      if rest.first == "\"" {
        rest.removeFirst()
        while true {
          guard let end = rest.firstIndex(of: "\"") else { return nil }
          part += rest[..<end]
          rest = rest[rest.index(after: end)...]
          guard rest.first == "\"" else { break }
          part += "\""
          rest.removeFirst()
        }
      } else {
        let end = rest.firstIndex(of: ".") ?? rest.endIndex
        part = rest[..<end].lowercased()
        guard !part.contains(where: { $0 == "\"" || $0.isWhitespace }) else { return nil }
        rest = rest[end...]
      }
      guard !part.isEmpty, !part.contains("\0") else { return nil }
      parts.append(part)
      if rest.isEmpty { break }
      guard rest.removeFirst() == "." else { return nil }
    }
    switch parts.count {
    case 1: self.init(schema: "public", name: parts[0])
    case 2: self.init(schema: parts[0], name: parts[1])
    default: return nil
    }
  }

  /// `schema.table`, unquoted.
  public var description: String { "\(schema).\(name)" }
}
