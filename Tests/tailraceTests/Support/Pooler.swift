// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A pooler before a test server: Debian's pgbouncer.
enum Pooler {
  /// Runs a body with the connection string of a database behind one.
  ///
  /// - Parameters:
  ///   - mode: after what a session of the server is another client's: `session`, `transaction` or `statement`.
  ///   - others: further settings, each a line.
  static func with(
    _ database: OutboxDatabase, mode: String, others: String = "", _ body: (String) throws -> Void
  ) throws {
    let port = try WebServer.freePort()
    let settings = database.files.file("pgbouncer-\(mode).ini")
    try """
    [databases]
    * = host=127.0.0.1 port=\(database.server.port) user=postgres
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = \(port)
    unix_socket_dir =
    auth_type = any
    pool_mode = \(mode)
    ignore_startup_parameters = options, extra_float_digits
    \(others)
    """.write(toFile: settings, atomically: true, encoding: .utf8)
    // It refuses to run as root.
    let user = geteuid() == 0 ? ["-u", "nobody"] : []
    let pooler = try ChildProcess("/usr/sbin/pgbouncer", user + [settings])
    defer {
      pooler.signal(SIGKILL)
      _ = try? pooler.exitCode(within: 30)
    }
    try wait(until: "it listens") { pooler.errors.text.contains("process up") }
    try body("host=127.0.0.1 port=\(port) user=postgres dbname=\(database.name)")
  }
}
