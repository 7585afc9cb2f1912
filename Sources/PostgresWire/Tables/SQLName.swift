/// Names as SQL takes them whatever they are, so that a statement can be pasted.
///
/// Source: PostgreSQL manual, "Identifiers and Key Words".
public enum SQLName {
  /// A name in double quotes. Not doubled by characters: to the server a mark that combines with a quote is something of its own,
  /// and the quote is a quote.
  public static func quoted(_ name: String) -> String {
    let parts = name.unicodeScalars.split(separator: "\"", omittingEmptySubsequences: false).map { String($0) }
    return "\"\(parts.joined(separator: "\"\""))\""
  }

  /// A table's name with its schema, each part in double quotes.
  public static func quoted(_ table: TableName) -> String { "\(quoted(table.schema)).\(quoted(table.name))" }
}
