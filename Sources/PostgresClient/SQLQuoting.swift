package import PostgresWire

/// Quoting of names and values for SQL and for replication commands.
///
/// Source: PostgreSQL manual, "Identifiers and Key Words", "String Constants".
package enum SQLQuoting {
  /// A name in double quotes.
  package static func identifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// A table's name with its schema, each part in double quotes.
  package static func table(_ name: TableName) -> String { "\(identifier(name.schema)).\(identifier(name.name))" }

  /// A value in single quotes, with the escape form where it holds a backslash.
  package static func literal(_ value: String) -> String {
    let doubled = value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    guard value.contains("\\") else { return "'\(doubled)'" }
    return "E'" + doubled.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\") + "'"
  }

  /// A value of a replication command's option. There is no escape form there: backslashes stand for themselves.
  package static func optionValue(_ value: String) -> String {
    "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
