// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Outboxes by time.
extension Administration {
  func createStatement(_ table: TableName, _ plan: Plan) throws(Failure) -> String {
    guard plan.isByDay else { return OutboxTable.createStatement(table) }
    return OutboxTable.createStatement(
      table, try DayPartitions.new(table) { (sql, values) throws(Failure) in try server.query(sql, values) })
  }

  static func partitionSubject(_ table: TableName) -> String { "partitions of \(table)" }

  /// What makes the partitions ahead of a table that is there.
  func partitionStep(_ table: TableName) throws(Failure) -> Step {
    let found = try DayPartitions.look(table) { (sql, values) throws(Failure) in try server.query(sql, values) }
    guard let found else {
      throw Failure(
        .differs, "table \(table) is there, but is not partitioned by the days of a column of type timestamptz",
        advice:
          "make one beside it with \(command: "setup", [.init("table", "SCHEMA.NAME"), .init("partition-by", "day")]) and stream both, "
          + "until nothing is written to the old one; or do without \(setting: "partition-by")")
    }
    let statements = found.missing.flatMap(found.statements)
    return Step(
      subject: Self.partitionSubject(table), sql: statements.isEmpty ? nil : statements.joined(separator: "\n"))
  }
}
