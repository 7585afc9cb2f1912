// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import PostgresClient
public import PostgresWire

/// A dead letter as a row of its table.
struct LetterRow {
  static let columns = "position, id, key, aggregatetype, reason, letter"
  static let width = 6

  let position: String
  let id: String
  let key: String
  let aggregateType: String
  let reason: String
  let letter: String
  /// The slot of the relay whose letter it is, which has no column.
  let slot: String?

  init(_ letter: DeadLetter) {
    self.init(letter, json: letter.json) { $0 }
  }

  /// A letter as a table has it whose encoding has no place for some of its text.
  ///
  /// - Parameter form: how a column has a text.
  init<Trouble>(escaping letter: DeadLetter, _ form: (String) throws(Trouble) -> String) throws(Trouble) {
    try self.init(letter, json: letter.asciiJSON, form)
  }

  private init<Trouble>(
    _ letter: DeadLetter, json: String, _ form: (String) throws(Trouble) -> String
  ) throws(Trouble) {
    position = letter.position.sequence
    id = try form(Self.bounded(letter.id))
    key = try form(Self.bounded(letter.key))
    aggregateType = try form(Self.bounded(letter.aggregateType))
    reason = try form(Self.bounded(letter.reason))
    self.letter = json
    slot = letter.slot
  }

  var values: [String?] { [position, id, key, aggregateType, reason, letter] }

  /// A text as a column has it: what is too long for an index is cut and told apart by a checksum, and without NUL, which
  /// PostgreSQL has no place for. The letter itself has the whole.
  static func bounded(_ text: String) -> String {
    let shown = text.utf8.contains(0) ? ForeignText(text).description : text
    guard shown.utf8.count > 1024 else { return shown }
    let bytes = Array(text.utf8)
    return "\(ForeignText(shown).prefix(1024).raw)#\(Hexadecimal.text(unsafe XXH64.hash(bytes.span.bytes)))"
  }
}

extension DeadLetterTable {
  /// The statements that make the table.
  public static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLName.inStatement(table)) (
      number pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      position pg_catalog.text NOT NULL,
      id pg_catalog.text NOT NULL,
      key pg_catalog.text NOT NULL,
      aggregatetype pg_catalog.text,
      reason pg_catalog.text NOT NULL,
      parked_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
      letter pg_catalog.json NOT NULL
    );
    CREATE INDEX ON \(SQLName.inStatement(table)) (key);
    CREATE UNIQUE INDEX ON \(SQLName.inStatement(table)) (position COLLATE pg_catalog."C", id);
    """
  }

  /// The statements that give a table of version 0.1 what it lacks.
  public static func alterStatement(_ table: TableName) -> String {
    """
    ALTER TABLE \(SQLName.inStatement(table)) ADD COLUMN aggregatetype pg_catalog.text;
    CREATE INDEX ON \(SQLName.inStatement(table)) (position COLLATE pg_catalog."C", id);
    """
  }

  /// The column that tells a table of version 0.1.
  public static let newestColumn = "aggregatetype"
}
