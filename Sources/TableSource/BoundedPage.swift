// SPDX-License-Identifier: Apache-2.0

/// A statement that gives rows as text, as many as fit into a page.
///
/// What they take as they are stored is looked at first, which costs nothing: only rows that may fit are turned into text. Since they
/// may be compressed, as many as they are longer then do not fit all the same: whoever asks for no more of them than its
/// `PageLength` has turns each into text a few times at most.
enum BoundedPage {
  /// - Parameters:
  ///   - rows: a SELECT that gives `n`, by which rows are counted, the heads, and the values as they are in `c0`, `c1` and so on.
  ///   - heads: the names of what else is given.
  ///   - count: how many values there are.
  ///   - bytes: how long the page may be; its first row may be longer.
  /// - Returns: a SELECT that gives `n`, `fits`, the heads and the values as text, which a row that does not fit has not.
  static func statement(_ rows: String, heads: [String], columns count: Int, bytes: Int) -> String {
    let names = (0..<count).map { "c\($0)" }
    let all = (["n"] + heads + names).joined(separator: ", ")
    let head = (["n"] + heads).joined(separator: ", ")
    func sum(_ size: (String) -> String) -> String {
      let sizes = names.map { "coalesce(\(size($0)), 0)" }.joined(separator: " + ")
      return "(pg_catalog.sum(\(sizes.isEmpty ? "0" : sizes)) OVER w <= \(bytes) OR pg_catalog.row_number() OVER w = 1)"
    }
    let window = "WINDOW w AS (ORDER BY n ROWS UNBOUNDED PRECEDING)"
    let texts = names.map { "CASE WHEN may THEN \($0)::pg_catalog.text END AS \($0)" }
    let found = names.map { "CASE WHEN fits THEN \($0) END AS \($0)" }
    return """
      SELECT \((["n", "fits"] + heads + found).joined(separator: ", ")) FROM (\
      SELECT may AND \(sum { "pg_catalog.octet_length(\($0))" }) AS fits, \(all) FROM (\
      SELECT may, \(([head] + texts).joined(separator: ", ")) FROM (\
      SELECT \(sum { "pg_catalog.pg_column_size(\($0))" }) AS may, \(all) FROM (\(rows)) AS r \(window)) AS s OFFSET 0) AS t \
      \(window)) AS g
      """
  }
}

/// How many rows to ask for: few at first, more as long as all fit, and about as many as fit where they do not.
struct PageLength: Hashable, Sendable {
  private static let first = 16

  /// How many to ask for next.
  private(set) var rows: Int
  private let most: Int

  init(most: Int) {
    self.most = most
    rows = min(Self.first, most)
  }

  /// A page has come.
  ///
  /// - Parameters:
  ///   - found: how many rows it could have.
  ///   - fitting: how many of them fit.
  mutating func note(found: Int, fitting: Int) {
    if fitting < found {
      rows = min(most, max(1, fitting) * 2)
    } else if found >= rows {
      rows = min(most, rows * 4)
    }
  }
}
