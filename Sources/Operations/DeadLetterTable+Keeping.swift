// SPDX-License-Identifier: Apache-2.0

public import Delivery
import PostgresClient
public import PostgresWire

/// Adding letters. Those of another relay about the same events, told by their slot, are others.
extension DeadLetterTable {
  /// How many letters and bytes go into one statement, whose parameters the server counts with 16 bits.
  private static let mostAtOnce = (letters: 1000, bytes: 4 << 20)

  /// Adds letters, those of a statement all or none.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    do throws(Failure) { try append(letters.map { LetterRow($0) }) } catch {
      guard error.sqlState == Self.untranslatable else { throw error }
      try append(try escaped(letters))
    }
  }

  private func append(_ rows: [LetterRow]) throws(Failure) {
    var rest = rows[...]
    while !rest.isEmpty {
      var bytes = 0
      let piece = rest.prefix(Self.mostAtOnce.letters).prefix { row in
        defer { bytes += row.letter.utf8.count }
        return bytes < Self.mostAtOnce.bytes
      }
      try appendAtOnce(piece)
      rest = rest.dropFirst(piece.count)
    }
  }

  private func appendAtOnce(_ piece: ArraySlice<LetterRow>) throws(Failure) {
    let width = LetterRow.width + 1
    let places = (0..<piece.count).map { row in
      "(" + (1...width).map { "$\(row * width + $0)" }.joined(separator: ", ") + ")"
    }
    let new = "(VALUES \(places.joined(separator: ", "))) AS n (\(LetterRow.columns), slot)"
    let isMissing =
      "NOT EXISTS (SELECT FROM \(name) AS o WHERE o.position = n.position AND o.id = n.id AND "
      + "\(Self.isOurs("o.letter", "n.slot")))"
    let values = piece.flatMap { $0.values + [$0.slot] }
    let added = try rows(
      "INSERT INTO \(name) (\(LetterRow.columns)) SELECT n.position, n.id, n.key, n.aggregatetype, n.reason, "
        + "n.letter::pg_catalog.json FROM \(new) WHERE \(isMissing) ON CONFLICT DO NOTHING RETURNING 1", values)
    guard added.count < piece.count, piece.contains(where: { $0.slot != nil }) else { return }
    // The others are there already, or another relay's are in their places.
    guard try rows("SELECT FROM \(new) WHERE \(isMissing) LIMIT 1", values).isEmpty else { throw isOthers }
  }

  /// Adds a letter in one statement with the look at its aggregate. What it waits behind may be removed meanwhile by somebody who
  /// does not see it; it is never taken back, since whoever redrives may have read it.
  public func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking {
    do throws(Failure) { return try appendBehindOthers(LetterRow(letter)) } catch {
      guard error.sqlState == Self.untranslatable, let row = try escaped([letter]).first else { throw error }
      return try appendBehindOthers(row)
    }
  }

  private func appendBehindOthers(_ row: LetterRow) throws(Failure) -> Parking {
    let isOurs = Self.isOurs("letter", "$7::pg_catalog.text")
    let others =
      "SELECT FROM \(name) WHERE key = $3::pg_catalog.text AND coalesce(aggregatetype = $4::pg_catalog.text, true) AND \(isOurs)"
    let same =
      "SELECT FROM \(name) WHERE position = $1::pg_catalog.text AND id = $2::pg_catalog.text AND \(isOurs)"
    let before = "\(others) AND position COLLATE pg_catalog.\"C\" < $1::pg_catalog.text"
    let answer =
      try rows(
        "WITH kept AS (INSERT INTO \(name) (\(LetterRow.columns)) SELECT $1::pg_catalog.text, $2::pg_catalog.text, "
          + "$3::pg_catalog.text, $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.json "
          + "WHERE EXISTS (\(before)) AND NOT EXISTS (\(same)) ON CONFLICT DO NOTHING RETURNING number) "
          + "SELECT EXISTS (SELECT FROM kept), EXISTS (\(same)), EXISTS (\(others)), EXISTS (\(before))",
        row.values + [row.slot]
      ).first
    if answer?[0] == "t" { return .parked }
    if answer?[1] == "t" { return .isThere }
    // It has to wait, and has not become a letter.
    if answer?[3] == "t", row.slot != nil { throw isOthers }
    return answer?[2] == "t" ? .ahead : .free
  }

  /// Whether a letter in a column is not that of another slot's relay, by how its JSON begins: to take it apart could fail, and it
  /// may be long.
  private static func isOurs(_ letter: String, _ slot: String) -> String {
    "(\(slot) IS NULL OR pg_catalog.substr(\(letter)::pg_catalog.text, 1, 200) !~ "
      + "pg_catalog.concat('^[{]\"position\":\"[^\"]*\",\"slot\":\"(?!', \(slot), '\")'))"
  }

  private var isOthers: Failure {
    Failure(
      .settings, "dead letters: \(table) has another relay's letter about the same event, and room for one",
      advice: "give each relay a table of its own")
  }
}
