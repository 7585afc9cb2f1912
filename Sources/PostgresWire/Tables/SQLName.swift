// SPDX-License-Identifier: Apache-2.0

import Octets

/// Names as SQL takes them whatever they are, so that a statement can be pasted.
///
/// Source: PostgreSQL manual, "Identifiers and Key Words".
public enum SQLName {
  /// A name in double quotes. Not doubled by characters: to the server a mark that combines with a quote is something of its own,
  /// and the quote is a quote.
  public static func quoted(_ name: String) -> String { quoted(name, "\"") { String($0) } }

  /// A table's name with its schema, each part in double quotes.
  public static func quoted(_ table: TableName) -> String { "\(quoted(table.schema)).\(quoted(table.name))" }

  /// A name in double quotes for a statement, which may be shown: what could steer a terminal, or would not be seen, has its
  /// number instead. Replication commands and functions that take names know no numbers: `quoted` is for them.
  public static func inStatement(_ name: String) -> String {
    guard name.unicodeScalars.contains(where: ForeignText.isEscaped) else { return quoted(name) }
    return "U&" + quoted(name, "\"") { escaped($0, "\\+", 6) }
  }

  /// A table's name with its schema, each part as in a statement.
  public static func inStatement(_ table: TableName) -> String {
    "\(inStatement(table.schema)).\(inStatement(table.name))"
  }

  /// A value in single quotes for a statement that is shown, with numbers as in a name.
  public static func shown(value: String) -> String {
    "E" + quoted(value, "'") { escaped($0, "\\U", 8) }
  }

  private static func escaped(_ scalar: Unicode.Scalar, _ mark: String, _ count: Int) -> String {
    if scalar == "\\" { return "\\\\" }
    guard ForeignText.isEscaped(scalar) else { return String(scalar) }
    let digits = String(scalar.value, radix: 16)
    return mark + String(repeating: "0", count: count - digits.count) + digits
  }

  private static func quoted(
    _ text: String, _ quote: Unicode.Scalar, _ form: (Unicode.Scalar) -> String
  ) -> String {
    var quoted = String.UnicodeScalarView([quote])
    for scalar in text.unicodeScalars {
      if scalar == quote { quoted.append(quote) }
      quoted += form(scalar).unicodeScalars
    }
    quoted.append(quote)
    return String(quoted)
  }
}
