// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The consumer `test-receiver`, with a database whose table `effects` shows what it has done.
struct ReceivingService {
  static let secrets = [Data((0..<24).map { $0 &* 7 }), Data((0..<32).map { 255 - $0 })]
    .map { "whsec_\($0.base64EncodedString())" }

  /// A database with an outbox and with what `test-receiver` writes to.
  static let schema =
    OutboxDatabase.schema + "CREATE TABLE effects (id text, type text, subject text, data text, at serial);\n"

  let process: ChildProcess
  let url: String

  /// Starts one for a database.
  init(_ database: OutboxDatabase, layout: String = "rows", connection: String? = nil) throws {
    let path = URL(fileURLWithPath: Tailrace.built).deletingLastPathComponent().appendingPathComponent("test-receiver").path
    let process = try database.start(path, [connection ?? database.connection, layout] + Self.secrets)
    self.process = process
    let port = try eventually("test-receiver can be posted to") { process.output.lines.first }
    url = "http://127.0.0.1:\(port)/events"
  }

  /// A request without a signature: what curl says that it was answered.
  func post(_ options: [String], path: String? = nil) throws -> String {
    try ChildProcess.run(
      "/usr/bin/env", ["curl", "-s", "-i", "--max-time", "20"] + options + [path.map { url.replacing("/events", with: $0) } ?? url])
  }
}
