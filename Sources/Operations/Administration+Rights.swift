import PostgresClient
public import PostgresWire

/// Who may do what.
extension Administration {
  /// The statements that make a role with no more rights than are used; streaming reads the log, so it needs none on the
  /// outbox itself. The password is left to the reader.
  ///
  /// - Parameters:
  ///   - letters: the table for dead letters; nil for none.
  ///   - role: the role's name.
  public static func roleStatements(letters: TableName? = nil, role: String = "tailrace") -> [String] {
    let name = SQLQuoting.identifier(role)
    guard let letters else { return ["CREATE ROLE \(name) LOGIN REPLICATION;"] }
    return [
      "CREATE ROLE \(name) LOGIN REPLICATION;",
      "GRANT USAGE ON SCHEMA \(SQLQuoting.identifier(letters.schema)) TO \(name);",
      "GRANT SELECT, INSERT, DELETE ON TABLE \(SQLQuoting.table(letters)) TO \(name);",
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
    let rows = try server.query(
      "SELECT rolname, rolsuper, rolreplication, pg_catalog.current_database(), "
        + "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') "
        + "FROM pg_catalog.pg_roles WHERE rolname = current_user")
    guard let row = rows.first, let role = row[0], row[1] != "t" else { return }
    let (name, database) = (SQLQuoting.identifier(role), SQLQuoting.identifier(row[3] ?? ""))
    func makes(_ subject: String) -> Bool { steps.contains { $0.sql != nil && $0.subject == subject } }
    var remedies: [String] = []
    let makesSlot = steps.contains { $0.madeSlot != nil }
    if makesSlot, row[2] != "t" { remedies.append("ALTER ROLE \(name) REPLICATION;") }
    let makesPublication = makes("publication \(plan.publication)")
    if makesPublication, row[4] != "t" { remedies.append("GRANT CREATE ON DATABASE \(database) TO \(name);") }
    for table in plan.tables + (letters.map { [$0] } ?? []) {
      if makes("table \(table)") {
        remedies += try lackingInSchema(table.schema, name)
      } else if makesPublication, table != letters {
        remedies += try lackingOnTable(table, name)
      }
    }
    guard !remedies.isEmpty else { return }
    throw Failure(
      .privilege, "role \"\(role)\" may not make all that is needed, so nothing was made",
      advice: "as a superuser, \(remedies.joined(separator: " ")) or run the statements of "
        + "\(command: "setup", [.init("dry-run")])")
  }

  private func lackingInSchema(_ schema: String, _ role: String) throws(Failure) -> [String] {
    let name = SQLQuoting.identifier(schema)
    let row = try server.query(
      "SELECT pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = $1", [schema]
    ).first
    guard let row else { return ["CREATE SCHEMA \(name); GRANT CREATE, USAGE ON SCHEMA \(name) TO \(role);"] }
    return row[0] == "t" ? [] : ["GRANT CREATE, USAGE ON SCHEMA \(name) TO \(role);"]
  }

  /// Only a table's owner may publish it.
  private func lackingOnTable(_ table: TableName, _ role: String) throws(Failure) -> [String] {
    let owner = try server.query(
      "SELECT o.rolname, o.rolsuper FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        + "JOIN pg_catalog.pg_roles o ON o.oid = c.relowner WHERE n.nspname = $1 AND c.relname = $2 "
        + "AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')", [table.schema, table.name]
    ).first
    guard let owner, let name = owner[0] else { return [] }
    return owner[1] == "t"
      ? ["ALTER TABLE \(SQLQuoting.table(table)) OWNER TO \(role);"]
      : ["GRANT \(SQLQuoting.identifier(name)) TO \(role);"]
  }

  /// Refuses a standby where something has to be made that only a primary can make.
  func requirePrimary(_ steps: [Step]) throws(Failure) {
    guard steps.contains(where: { $0.sql != nil && ($0.madeSlot == nil || server.serverVersion < 160_000) }),
      try server.query("SELECT pg_catalog.pg_is_in_recovery()").first?.first == "t"
    else { return }
    throw Failure(
      .server, "the server is a standby, on which nothing can be made",
      advice: "connect to the primary, with target_session_attrs=primary where several hosts are named")
  }
}
