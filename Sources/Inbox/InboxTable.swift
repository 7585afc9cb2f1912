// SPDX-License-Identifier: Apache-2.0

/// The name of an inbox's table, `inbox` unless another is given; further tables and indexes are named after it.
public struct InboxTable: Hashable, Sendable {
  /// The schema; nil for the first of the `search_path`.
  public let schema: String?
  /// The table's own name.
  public let name: String

  /// The table `inbox`.
  public static let standard = InboxTable(schema: nil, name: "inbox")

  private init(schema: String?, name: String) { (self.schema, self.name) = (schema, name) }

  /// Takes `name` or `schema.name`.
  public init(_ text: String) throws(InboxSettingError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), parts.allSatisfy(Self.isName) else { throw .table }
    self.init(schema: parts.count == 2 ? parts[0] : nil, name: parts[parts.count - 1])
  }

  /// As it stands in a statement, in quotes, with an ending of its own.
  func quoted(_ ending: String = "") -> String {
    (schema.map { "\"\($0)\"." } ?? "") + "\"\(name)\(ending)\""
  }

  /// The name of an index, which takes no schema.
  func index(_ ending: String) -> String { "\"\(name)\(ending)\"" }

  /// Short enough that no ending is cut off at 63 bytes.
  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 40 else { return false }
    return !(0x30...0x39).contains(first)
      && text.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
          || $0 == UInt8(ascii: "_")
      }
  }
}
