// SPDX-License-Identifier: Apache-2.0

/// Which database a service works in, and how.
public struct PostgresConfiguration: Sendable {
  /// How transactions see those of others. Source: PostgreSQL manual, "Transaction Isolation".
  public enum Isolation: String, CaseIterable, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
  }

  /// The connection string, as libpq reads it; empty leaves everything to its environment variables. Default: empty.
  public var database: String
  /// How many connections there may be at once. Default: 10.
  public var connections = 10
  /// How long to wait for one of them to be free. Default: 30 s.
  public var patience = Duration.seconds(30)
  /// How long an answer of the server may take; nil for as long as it takes. Default: nil.
  public var answerLimit: Duration?
  /// How transactions see others'; nil for what role and database have. Default: nil.
  public var isolation: Isolation?
  /// What the server's views show for the connections, unless the connection string or `PGAPPNAME` has another. Default: `service`.
  public var name = "service"

  /// Makes a configuration with the defaults.
  public init(database: String = "") { self.database = database }
}
