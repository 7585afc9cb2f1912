import PostgresClient
public import PostgresWire

/// Who may do what.
extension Administration {
  /// The statements that make a role with no more rights than are used; streaming reads the log, so it needs none on the
  /// outbox itself. The password is left to the reader.
  ///
  /// - Parameter letters: the table for dead letters; nil for none.
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
}
