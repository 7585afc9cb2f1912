import Octets
package import PostgresWire

/// Quoting of names and values for SQL and for replication commands.
///
/// Source: PostgreSQL manual, "Identifiers and Key Words", "String Constants".
package enum SQLQuoting {
  /// A name in double quotes for a statement, which may be shown: what could steer a terminal, or would not be seen, has its
  /// number instead. Replication commands and functions that take names know no numbers: `SQLName.quoted` is for them.
  package static func identifier(_ name: String) -> String {
    guard name.unicodeScalars.contains(where: ForeignText.isEscaped) else { return SQLName.quoted(name) }
    var escaped = String.UnicodeScalarView()
    for scalar in name.unicodeScalars {
      if ForeignText.isEscaped(scalar) {
        let digits = String(scalar.value, radix: 16)
        escaped += "\\+\(String(repeating: "0", count: 6 - digits.count))\(digits)".unicodeScalars
      } else {
        if scalar == "\\" { escaped.append(scalar) }
        escaped.append(scalar)
      }
    }
    return "U&\(SQLName.quoted(String(escaped)))"
  }

  /// A table's name with its schema, each part in double quotes, for a statement.
  package static func table(_ name: TableName) -> String { "\(identifier(name.schema)).\(identifier(name.name))" }

  /// A value in single quotes, with the escape form where it holds a backslash.
  package static func literal(_ value: String) -> String {
    let doubled = doubling("'", in: value)
    guard value.unicodeScalars.contains("\\") else { return "'\(doubled)'" }
    return "E'\(doubling("\\", in: doubled))'"
  }

  /// A value of a replication command's option. There is no escape form there: backslashes stand for themselves.
  package static func optionValue(_ value: String) -> String { "'\(doubling("'", in: value))'" }

  /// Not by characters: to the server a mark that combines with a quote is something of its own, and the quote is a quote.
  private static func doubling(_ mark: Unicode.Scalar, in text: String) -> String {
    var doubled = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == mark { doubled.append(mark) }
      doubled.append(scalar)
    }
    return String(doubled)
  }
}
