// SPDX-License-Identifier: Apache-2.0

/// The tables.
extension Inbox {
  /// The statements that make the inbox's tables; nothing where they are there. They are the same for all consumers of a table, and
  /// several may run them at once.
  ///
  /// Where a table has been made by an earlier version and lacks a column they fail, with a hint that has the statement to run.
  ///
  /// For the layout `.days` the partitions are made apart, with `partitions`.
  public var creation: [String] {
    var statements: [String]
    var checks: [String] = []
    switch layout {
    case .rows:
      statements = [
        """
        CREATE TABLE IF NOT EXISTS \(table.quoted()) (consumer text NOT NULL, source text NOT NULL, id text NOT NULL, \
        handled timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (consumer, source, id))
        """,
        "CREATE INDEX IF NOT EXISTS \(table.index("_handled")) ON \(table.quoted()) (consumer, handled)",
      ]
    case .days:
      statements = [
        """
        CREATE TABLE IF NOT EXISTS \(table.quoted()) (consumer text NOT NULL, source text NOT NULL, id text NOT NULL, \
        day date NOT NULL, PRIMARY KEY (consumer, source, id, day)) PARTITION BY RANGE (day)
        """
      ]
    case .positions:
      statements = [
        """
        CREATE TABLE IF NOT EXISTS \(table.quoted()) (consumer text NOT NULL, aggregatetype text NOT NULL, key text NOT NULL, \
        sequence text COLLATE "C" NOT NULL, previous text COLLATE "C", PRIMARY KEY (consumer, aggregatetype, key))
        """
      ]
      checks.append(aggregateTypeCheck("", key: "consumer, aggregatetype, key"))
    }
    if versionAttribute != nil {
      statements.append(
        """
        CREATE TABLE IF NOT EXISTS \(table.quoted("_versions")) (consumer text NOT NULL, source text NOT NULL, \
        aggregatetype text NOT NULL, key text NOT NULL, version bigint NOT NULL, \
        PRIMARY KEY (consumer, source, aggregatetype, key))
        """)
      checks.append(aggregateTypeCheck("_versions", key: "consumer, source, aggregatetype, key"))
    }
    return (statements + checks).map(Self.alone)
  }

  /// A statement that nobody else runs at the same time: of two that each find no table, the second fails in PostgreSQL.
  ///
  /// The lock lasts to the end of the transaction, so the second begins when what the first has made can be seen.
  private static func alone(_ statement: String) -> String {
    """
    DO $tailrace$ BEGIN \
    PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('tailrace.inbox', 0)); \
    \(statement); END $tailrace$
    """
  }

  /// Says plainly that a table lacks the column. Which type the rows are of only its owner knows, and with positions that of a
  /// wrong one would let events be handled again.
  private func aggregateTypeCheck(_ ending: String, key: String) -> String {
    let name = table.quoted(ending)
    let constraint = table.index("\(ending)_pkey")
    return """
      IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = '\(name)'::pg_catalog.regclass \
      AND attname = 'aggregatetype' AND NOT attisdropped) THEN \
      RAISE undefined_column USING \
      MESSAGE = 'the inbox''s table \(name) was made by an earlier version and has no column aggregatetype', \
      HINT = 'With the aggregatetype of the events in the place of TYPE: ALTER TABLE \(name) ADD aggregatetype text NOT NULL \
      DEFAULT ''TYPE'', DROP CONSTRAINT \(constraint), ADD PRIMARY KEY (\(key)); ALTER TABLE \(name) ALTER aggregatetype \
      DROP DEFAULT. Where they are of several, give each its row of a key.'; END IF
      """
  }

  /// The statements that make the partitions that events of these days need: from the oldest day that is kept up to seven days
  /// ahead of today, for clocks differ and nobody may be there tomorrow. Run them once a day. None for another layout than `.days`.
  ///
  /// An event of a day among them that has no partition fails, and comes again.
  public func partitions() -> [String] {
    guard layout == .days else { return [] }
    return (Days.today - retention.days...Days.today + Days.ahead).map { day in
      """
      CREATE TABLE IF NOT EXISTS \(table.quoted(Self.ending(day))) PARTITION OF \(table.quoted()) \
      FOR VALUES FROM ('\(Days.text(day))') TO ('\(Days.text(day + 1))')
      """
    }.map(Self.alone)
  }

  /// `_20261123`.
  static func ending(_ day: Int64) -> String { "_" + Days.text(day).filter { $0 != "-" } }
}
