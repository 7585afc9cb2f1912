// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire
import TableSource

/// Makes and removes what a table that is polled is better off with: a column that counts up, its index, and a trigger that tells of
/// new rows.
extension Administration {
  /// What is wanted for tables that are polled.
  public struct PollPlan: Sendable {
    /// The outbox tables.
    public var tables: [TableName]
    /// Make tables that are missing. Default: no.
    public var createsTables = false
    /// The column in which what is delivered is marked; nil where it is deleted.
    public var mark: String?

    /// Makes a plan with the defaults.
    public init(tables: [TableName]) { self.tables = tables }
  }

  /// The column that counts up, where a table has none.
  private static let column = "tailrace_place"

  /// What has to be done for a plan. Changes nothing.
  public func setupSteps(_ plan: PollPlan) throws(Failure) -> [Step] {
    var steps: [Step] = []
    for table in plan.tables {
      let isThere = try look(Plan(publication: "", slot: "", tables: [table])).root(0) != nil
      guard isThere || plan.createsTables else {
        throw Failure(
          .tableMissing, "table \(table) does not exist in database \"\(try currentDatabase())\"",
          advice: "name the outbox with \(setting: "table"), or make it with \(setting: "create-table")",
          sqlState: "42P01")
      }
      if !isThere { steps += try schemaStep(table, steps) }
      steps.append(Step(subject: "table \(table)", sql: isThere ? nil : OutboxTable.createStatement(table)))
      if isThere { try refuseUnfit(TableShape.look(server, table), plan) }
      let facts = try PollFacts(server, table, mark: plan.mark)
      try facts.refuseStrange(table)
      steps += columnSteps(table, facts, plan)
      steps += triggerSteps(table, facts, steps)
    }
    return steps
  }

  /// Refuses what is there under a name that is needed, and is something else.
  private func refuseUnfit(_ shape: TableShape, _ plan: PollPlan) throws(Failure) {
    let table = SQLName.inStatement(shape.table)
    if let mark = plan.mark, let column = shape.column([mark]) {
      guard shape.timeColumn([mark]) != nil else {
        throw Failure(
          .differs,
          "column \(mark) of \(shape.table) is of type \(column.type), which cannot say when an event was delivered",
          advice: "name another with \(setting: "mark-column"), which is made")
      }
      if try shape.hasDefault(server, column) {
        throw Failure(
          .differs, "column \(mark) of \(shape.table) has a default, by which new rows look as if they were delivered",
          advice:
            "\(sql: "ALTER TABLE \(table) ALTER COLUMN \(column.inStatement) DROP DEFAULT, ALTER COLUMN \(column.inStatement) DROP NOT NULL;")"
        )
      }
    }
    guard shape.column([Self.column]) != nil, try PollFacts(server, shape.table, mark: nil).counting != Self.column
    else {
      return
    }
    throw Failure(
      .differs, "column \(Self.column) of \(shape.table) is there, and is none that counts up",
      advice: "rename it, or do without this set-up and name a column with \(setting: "order-by")")
  }

  private func columnSteps(_ table: TableName, _ facts: PollFacts, _ plan: PollPlan) -> [Step] {
    let name = SQLName.inStatement(table)
    var steps: [Step] = []
    let order = "column that counts up in \(table)"
    // Before version 17, a table in parts can have none.
    let canCount = !facts.isPartitioned || server.serverVersion >= 170_000
    if facts.counting != nil {
      steps.append(Step(subject: order, sql: nil))
    } else if canCount {
      steps.append(
        Step(
          subject: order,
          sql: "ALTER TABLE \(name) ADD COLUMN \(Self.column) pg_catalog.int8 GENERATED ALWAYS AS IDENTITY;",
          locked: table, makesOrder: true))
    } else {
      steps.append(
        Step(subject: order, sql: nil, left: "cannot be made before PostgreSQL 17: rows go by their time"))
    }
    if let mark = plan.mark {
      let column = SQLName.inStatement(mark)
      let sql = "ALTER TABLE \(name) ADD COLUMN \(column) pg_catalog.timestamptz;"
      steps.append(Step(subject: "column \(mark) of \(table)", sql: facts.hasMark ? nil : sql, locked: table))
    }
    guard let column = facts.counting ?? (canCount ? Self.column : nil) else { return steps }
    let condition = plan.mark.map { " WHERE \(SQLName.inStatement($0)) IS NULL" } ?? ""
    steps.append(
      Step(
        subject: "index of \(column) of \(table)",
        sql: facts.hasIndex ? nil : "CREATE INDEX ON \(name) (\(SQLName.inStatement(column)))\(condition);",
        locked: table))
    return steps
  }

  /// What an operator should know about a plan that can be carried out all the same: a column that is made numbers the rows that are
  /// there as they lie in the table.
  public func warnings(_ plan: PollPlan, _ steps: [Step]) throws(Failure) -> [Wording] {
    var warnings: [Wording] = []
    for table in plan.tables where steps.contains(where: { $0.locked == table && $0.makesOrder }) {
      if steps.contains(where: { $0.subject == "table \(table)" && $0.sql != nil }) { continue }
      let shape = try TableShape.look(server, table)
      let name = SQLName.inStatement(table)
      let waiting = plan.mark.flatMap { shape.column([$0]) }.map { " WHERE t.\($0.inStatement) IS NULL" } ?? ""
      let rows: [SQLRow]
      do throws(Failure) {
        rows = try server.query("SELECT EXISTS (SELECT FROM \(name) AS t\(waiting))")
      } catch {
        guard error.kind == .privilege else { throw error }
        continue
      }
      guard rows.first?[0] == "t" else { continue }
      warnings.append(
        "table \(table) has rows, which column \(Self.column) numbers in no order when it is made; where they are yet to be delivered, let \(command: "poll", [.init("table", "\(table)"), .init("until", "now")]) deliver them first"
      )
    }
    return warnings
  }

  private func triggerSteps(_ table: TableName, _ facts: PollFacts, _ before: [Step]) -> [Step] {
    let function = TableName(schema: table.schema, name: PollNotification.name)
    let name = SQLName.inStatement(function)
    let making = Step(
      subject: "function \(function)",
      sql:
        "CREATE FUNCTION \(name)() RETURNS pg_catalog.trigger LANGUAGE plpgsql AS "
        + "$$\(PollNotification.body)$$;")
    var steps: [Step] = []
    if facts.hasFunction {
      steps.append(Step(subject: making.subject, sql: nil))
    } else if !before.contains(making) {
      steps.append(making)
    }
    steps.append(
      Step(
        subject: "trigger \(PollNotification.name) of \(table)",
        sql: facts.hasTrigger
          ? nil
          : "CREATE TRIGGER \(PollNotification.name) AFTER INSERT ON \(SQLName.inStatement(table)) "
            + "FOR EACH STATEMENT EXECUTE FUNCTION \(name)();",
        locked: table))
    return steps
  }

  /// What has to be removed so that nothing tells of new rows any more. Tables and their columns stay.
  public func teardownSteps(_ plan: PollPlan) throws(Failure) -> [Step] {
    var steps: [Step] = []
    for table in plan.tables {
      let facts = try PollFacts(server, table, mark: nil)
      let drop = "DROP TRIGGER \(PollNotification.name) ON \(SQLName.inStatement(table));"
      steps.append(
        Step(subject: "trigger \(PollNotification.name) of \(table)", sql: facts.hasTrigger ? drop : nil, locked: table)
      )
    }
    for schema in Set(plan.tables.map(\.schema)).sorted() {
      let function = TableName(schema: schema, name: PollNotification.name)
      let others = try server.query(
        "SELECT pg_catalog.count(t.oid) FILTER (WHERE c.relname <> ALL ($2::pg_catalog.text[])), "
          + "pg_catalog.bool_and(\(PollNotification.isMade)) "
          + "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "
          + "LEFT JOIN pg_catalog.pg_trigger t ON t.tgfoid = p.oid LEFT JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid "
          + "WHERE n.nspname = $1 AND p.proname = '\(PollNotification.name)' AND p.pronargs = 0 GROUP BY p.oid",
        [schema, SQLQuoting.array(plan.tables.filter { $0.schema == schema }.map(\.name))])
      let (isFree, isMade) = (others.first?[0] == "0", others.first?[1] == "t")
      steps.append(
        Step(
          subject: "function \(function)",
          sql: isFree && isMade ? "DROP FUNCTION \(SQLName.inStatement(function))();" : nil,
          left: others.isEmpty || isFree && isMade
            ? nil
            : isMade ? "is kept: triggers of other tables use it" : "is kept: it is another one than is made here"))
    }
    return steps
  }
}
