// SPDX-License-Identifier: Apache-2.0

/// The full name of a record, an enum or a fixed, and its others.
///
/// Source: Avro 1.12, "Names" and "Aliases". All characters are ASCII.
struct AvroName: Hashable, Sendable {
  /// With its namespace, if it has one.
  var full: String
  /// Other full names under which a writer's type is taken for this one.
  var aliases: [String] = []

  /// Without its namespace.
  var simple: Substring {
    full.utf8.lastIndex(of: UInt8(ascii: ".")).map { full[full.index(after: $0)...] } ?? full[...]
  }

  /// All before the last dot; empty when there is none.
  var namespace: String { full.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(full[..<$0]) } ?? "" }

  /// Whether a reader takes a type of the other name for its own: by the name alone, or by a full alias.
  ///
  /// "Both schemas are records with the same (unqualified) name": namespaces do not count.
  func reads(_ writer: AvroName) -> Bool { simple == writer.simple || aliases.contains(writer.full) }

  /// A name in a namespace, unless it has its own.
  static func full(_ name: String, in namespace: String) -> String {
    namespace.isEmpty || name.utf8.contains(UInt8(ascii: ".")) ? name : namespace + "." + name
  }

  /// Whether it begins with a letter or underscore and goes on with such and digits.
  static func isName(_ name: some StringProtocol) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || (0x61...0x7A).contains($0 | 0x20) }
  }

  /// Whether it consists of names with a dot between each two.
  static func isFullName(_ name: String) -> Bool {
    name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isName)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
