// SPDX-License-Identifier: Apache-2.0

/// The tables.
extension Inbox {
  /// The statements that make the inbox's tables; nothing where they are there. They are the same for all consumers of a table.
  ///
  /// For the layout `.days` the partitions are made apart, with `partitions`.
  public var creation: [String] {
    var statements: [String]
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
        CREATE TABLE IF NOT EXISTS \(table.quoted()) (consumer text NOT NULL, key text NOT NULL, \
        sequence text COLLATE "C" NOT NULL, previous text COLLATE "C", PRIMARY KEY (consumer, key))
        """
      ]
    }
    if versionAttribute != nil {
      statements.append(
        """
        CREATE TABLE IF NOT EXISTS \(table.quoted("_versions")) (consumer text NOT NULL, source text NOT NULL, \
        key text NOT NULL, version bigint NOT NULL, PRIMARY KEY (consumer, source, key))
        """)
    }
    return statements
  }

  /// The statements that make the partitions that events of these days need: from the oldest day that is kept up to some days
  /// ahead of today, for clocks differ and nobody may be there tomorrow. Run them once a day. None for another layout than `.days`.
  ///
  /// An event of a day that has no partition fails, and comes again.
  public func partitions(daysAhead: Int = 7) -> [String] {
    guard layout == .days else { return [] }
    return (Days.today - retention.days...Days.today + Int64(max(1, daysAhead))).map { day in
      """
      CREATE TABLE IF NOT EXISTS \(table.quoted(Self.ending(day))) PARTITION OF \(table.quoted()) \
      FOR VALUES FROM ('\(Days.text(day))') TO ('\(Days.text(day + 1))')
      """
    }
  }

  /// `_20261123`.
  static func ending(_ day: Int64) -> String { "_" + Days.text(day).filter { $0 != "-" } }
}
