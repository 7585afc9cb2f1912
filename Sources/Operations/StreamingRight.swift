// SPDX-License-Identifier: Apache-2.0

/// The right to stream. On Amazon RDS nobody can give a role `REPLICATION`: there it comes with membership of a role.
enum StreamingRight {
  private static let managed = "rds_replication"

  /// Whether a row `role` of `pg_roles` has it, as SQL.
  static func isGiven(to role: String) -> String {
    "(\(role).rolreplication OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles m WHERE m.rolname = '\(managed)' "
      + "AND pg_catalog.pg_has_role(\(role).oid, m.oid, 'MEMBER')))"
  }

  /// Whether it comes with membership on this server, as SQL.
  static let isManaged = "EXISTS (SELECT 1 FROM pg_catalog.pg_roles m WHERE m.rolname = '\(managed)')"

  /// The statement that gives it.
  static func statement(for role: String, isManaged: Bool) -> String {
    isManaged ? "GRANT \(managed) TO \(role);" : "ALTER ROLE \(role) REPLICATION;"
  }
}
