// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire
import TableSource

/// Who may do what.
extension Administration {
  /// The statements that make a role with no more rights than are used; streaming reads the log, so it needs none on the
  /// outbox itself. The password is left to the reader.
  ///
  /// - Parameters:
  ///   - letters: the table for dead letters; nil for none.
  ///   - role: the role's name.
  public static func roleStatements(letters: TableName? = nil, role: String = "tailrace") -> [String] {
    let name = SQLName.inStatement(role)
    return ["CREATE ROLE \(name) LOGIN REPLICATION;"] + (letters.map { letterGrants($0, to: role) } ?? [])
  }

  /// The statements that let a role read what outboxes held when a slot was made.
  public static func initialRowGrants(_ outboxes: [TableName], to role: String = "tailrace") -> [String] {
    let name = SQLName.inStatement(role)
    return outboxes.flatMap { outbox in
      [
        "GRANT USAGE ON SCHEMA \(SQLName.inStatement(outbox.schema)) TO \(name);",
        "GRANT SELECT ON TABLE \(SQLName.inStatement(outbox)), "
          + "\(SQLName.inStatement(SnapshotTable.table(beside: outbox))) TO \(name);",
      ]
    }
  }

  /// The statements that let a role keep dead letters.
  static func letterGrants(_ letters: TableName, to role: String) -> [String] {
    let name = SQLName.inStatement(role)
    return [
      "GRANT USAGE ON SCHEMA \(SQLName.inStatement(letters.schema)) TO \(name);",
      "GRANT SELECT, INSERT, DELETE ON TABLE \(SQLName.inStatement(letters)) TO \(name);",
    ]
  }

  /// The statements that keep roles from writing logical messages, which else everybody may who may connect to the database.
  public var messageStatements: [String] {
    let flush = server.serverVersion >= 170_000 ? ", boolean" : ""
    return ["text", "bytea"].map {
      "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_logical_emit_message(boolean, text, \($0)\(flush)) FROM PUBLIC;"
    }
  }

  /// Refuses before anything is made when the role may not make all of it.
  public func requireRights(_ plan: Plan, _ steps: [Step], letters: TableName? = nil) throws(Failure) {
    guard let role = try limitedRole() else { return }
    let name = SQLName.inStatement(role.name)
    func makes(_ subject: String) -> Bool { steps.contains { $0.sql != nil && $0.subject == subject } }
    var remedies: [String] = []
    let makesSlot = steps.contains { $0.madeSlot != nil }
    if makesSlot, !role.replicates {
      remedies.append(StreamingRight.statement(for: name, isManaged: role.isManaged))
    }
    let makesPublication = makes("publication \(plan.publication)")
    if makesPublication || steps.contains(where: \.makesSchema), !role.creates {
      remedies.append("GRANT CREATE ON DATABASE \(SQLName.inStatement(try currentDatabase())) TO \(name);")
    }
    for table in plan.tables + (letters.map { [$0] } ?? []) {
      let isThere = try look(Plan(publication: "", slot: "", tables: [table])).root(0) != nil
      if makes("table \(table)"), !isThere {
        remedies += try lackingInSchema(table.schema, name)
      } else if makes(Self.partitionSubject(table)) {
        remedies += try lackingInSchema(table.schema, name) + lackingOnTable(table, name)
      } else if makes("table \(table)") || makesPublication && table != letters {
        remedies += try lackingOnTable(table, name)
      }
    }
    for table in Set(plan.tables.map { SnapshotTable.table(beside: $0) }) where makes("table \(table)") {
      remedies += try lackingInSchema(table.schema, name).filter { !remedies.contains($0) }
    }
    try Self.refuse(
      role.name, remedies, plan.takesSnapshot ? [.init("snapshot"), .init("dry-run")] : [.init("dry-run")])
  }

  /// Refuses before anything is made for pollers when the role may not make all of it.
  public func requireRights(_ plan: PollPlan, _ steps: [Step], letters: TableName? = nil) throws(Failure) {
    guard let role = try limitedRole() else { return }
    let name = SQLName.inStatement(role.name)
    var remedies: [String] = []
    let makesLetters = steps.contains { $0.sql != nil && $0.subject == letters.map { "table \($0)" } }
    let makesOthers = steps.contains { $0.sql != nil && $0.subject != letters.map { "table \($0)" } }
    for table in (makesOthers ? plan.tables : []) + (makesLetters ? [letters].compactMap(\.self) : []) {
      let found = try lackingInSchema(table.schema, name) + lackingOnTable(table, name)
      remedies += found.filter { !remedies.contains($0) }
    }
    try Self.refuse(role.name, remedies, [.init("polling"), .init("dry-run")])
  }

  private static func refuse(_ role: String, _ remedies: [String], _ options: [Wording.Setting]) throws(Failure) {
    guard !remedies.isEmpty else { return }
    throw Failure(
      .privilege, "role \"\(role)\" may not make all that is needed, so nothing was made",
      advice: "as a superuser, \(remedies.joined(separator: " ")) or run the statements of "
        + "\(command: "setup", options)")
  }

  /// Refuses before anything is removed when the role may not remove all of it.
  public func requireTeardownRights(_ plan: Plan, _ steps: [Step]) throws(Failure) {
    try requireTeardownRights(plan, removesSlot: steps.contains { $0.sql != nil && $0.subject.hasPrefix("slot ") })
  }

  func requireTeardownRights(_ plan: Plan, removesSlot: Bool) throws(Failure) {
    guard let role = try limitedRole() else { return }
    let (name, publication) = (SQLName.inStatement(role.name), SQLName.inStatement(plan.publication))
    var remedies: [String] = []
    if removesSlot, !role.replicates {
      remedies.append(StreamingRight.statement(for: name, isManaged: role.isManaged))
    }
    let owner = try server.query(
      "SELECT pg_catalog.pg_get_userbyid(p.pubowner), pg_catalog.pg_has_role(p.pubowner, 10::pg_catalog.oid, 'MEMBER') "
        + "FROM pg_catalog.pg_publication p "
        + "WHERE p.pubname = $1 AND NOT pg_catalog.pg_has_role(p.pubowner, 'USAGE')", [plan.publication]
    ).first
    if let owner, let other = owner[0] {
      remedies.append(
        owner[1] == "t"
          ? "ALTER PUBLICATION \(publication) OWNER TO \(name);" : "GRANT \(SQLName.inStatement(other)) TO \(name);")
    }
    guard !remedies.isEmpty else { return }
    throw Failure(
      .privilege, "role \"\(role.name)\" may not remove all of it, so nothing was removed",
      advice: "as a superuser, \(remedies.joined(separator: " "))")
  }

  /// What the role may do; nil when that is everything.
  private func limitedRole() throws(Failure) -> (name: String, replicates: Bool, creates: Bool, isManaged: Bool)? {
    let rows: [SQLRow]
    do throws(Failure) {
      rows = try server.query(
        "SELECT r.rolname, r.rolsuper, \(StreamingRight.isGiven(to: "r")), "
          + "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), \(StreamingRight.isManaged) "
          + "FROM pg_catalog.pg_roles r WHERE r.rolname = current_user")
    } catch {
      // Where that may not be seen, the statements show it.
      guard error.kind == .privilege else { throw error }
      return nil
    }
    guard let row = rows.first, let name = row[0], row[1] != "t" else { return nil }
    return (name, row[2] == "t", row[3] == "t", row[4] == "t")
  }

  private func lackingInSchema(_ schema: String, _ role: String) throws(Failure) -> [String] {
    let name = SQLName.inStatement(schema)
    let row = try server.query(
      "SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = $1", [schema]
    ).first
    // One that is made is the role's own.
    guard let row else { return [] }
    return row[0] == "t" ? [] : ["GRANT CREATE, USAGE ON SCHEMA \(name) TO \(role);"]
  }

  /// Only a table's owner may publish it.
  private func lackingOnTable(_ table: TableName, _ role: String) throws(Failure) -> [String] {
    let owner = try server.query(
      "SELECT pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_has_role(c.relowner, 10::pg_catalog.oid, 'MEMBER') "
        + "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        + "WHERE n.nspname = $1 AND c.relname = $2 "
        + "AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')", [table.schema, table.name]
    ).first
    guard let owner, let name = owner[0] else { return [] }
    return owner[1] == "t"
      ? ["ALTER TABLE \(SQLName.inStatement(table)) OWNER TO \(role);"]
      : ["GRANT \(SQLName.inStatement(name)) TO \(role);"]
  }

  /// Refuses a standby where something has to be made that only a primary can make.
  func requirePrimary(_ steps: [Step]) throws(Failure) {
    guard steps.contains(where: { $0.sql != nil && ($0.madeSlot == nil || server.serverVersion < 160_000) }),
      try isStandby()
    else { return }
    throw Failure(.server, "the server is a standby, on which nothing can be made", advice: Self.primaryAdvice)
  }

  func isStandby() throws(Failure) -> Bool {
    try server.query("SELECT pg_catalog.pg_is_in_recovery()").first?.first == "t"
  }

  static var primaryAdvice: Wording {
    "connect to the primary, with target_session_attrs=primary where several hosts are named"
  }
}
