// SPDX-License-Identifier: Apache-2.0

/// Quoting of values for SQL and for replication commands; of names, see `SQLName`.
///
/// Source: PostgreSQL manual, "String Constants".
package enum SQLQuoting {
  /// A value in single quotes, with the escape form where it holds a backslash.
  package static func literal(_ value: String) -> String {
    let doubled = doubling("'", in: value)
    guard value.unicodeScalars.contains("\\") else { return "'\(doubled)'" }
    return "E'\(doubling("\\", in: doubled))'"
  }

  /// A value of a replication command's option. There is no escape form there: backslashes stand for themselves.
  package static func optionValue(_ value: String) -> String { "'\(doubling("'", in: value))'" }

  /// Texts as one value of an array's type.
  package static func array(_ texts: [String]) -> String {
    var array = String.UnicodeScalarView("{".unicodeScalars)
    for (index, text) in texts.enumerated() {
      array += (index > 0 ? ",\"" : "\"").unicodeScalars
      for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { array.append("\\") }
        array.append(scalar)
      }
      array.append("\"")
    }
    array.append("}")
    return String(array)
  }

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
