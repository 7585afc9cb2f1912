// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestDelivery
import Testing

/// A NATS of its own, made by `Scripts/scratch-broker`, and nats-py, a client that is not ours.
struct NATSServer: Sendable {
  /// A message as nats-py reads it.
  struct Message: Decodable, Sendable {
    let subject: String
    let headers: [String: String]
    let data: String

    var id: String { headers["Nats-Msg-Id"] ?? "" }
  }

  let directory: String
  let address: String
  var port: Int { Int(address.split(separator: ":").last?.prefix { $0 != "/" } ?? "") ?? 0 }

  /// Whether there is one to test with.
  static let isAvailable = ["/usr/sbin/nats-server", "/usr/local/bin/nats-server"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// One for the time of `body`, which may do anything to it.
  static func with(_ settings: [String] = [], _ body: (NATSServer) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "/tailrace-nats-\(UUID().uuidString)"
    defer { _ = try? ScratchBroker.script(["destroy", directory]) }
    let said = try ScratchBroker.script(["start", "nats", directory] + settings.flatMap { ["--set", $0] })
    try await body(NATSServer(directory: directory, address: said))
  }

  @discardableResult
  func control(_ arguments: String...) throws -> String { try control(arguments) }

  @discardableResult
  func control(_ arguments: [String]) throws -> String {
    try ScratchBroker.script(["ctl", directory] + arguments)
  }

  func kill() throws { try ScratchBroker.script(["kill", directory]) }
  func start() throws { try ScratchBroker.script(["start", "nats", directory]) }

  private func write(_ lines: [String]) throws {
    let base = ["server_name: scratch", "jetstream { store_dir: \"\(directory)/data\" }", "max_payload: 8MB"]
    try (base + lines + [""]).joined(separator: "\n").write(
      toFile: directory + "/nats.conf", atomically: true, encoding: .utf8)
  }

  /// Starts it again with other lines in its configuration.
  func restart(_ lines: [String]) throws {
    try kill()
    try write(lines)
    try start()
  }

  /// Has other lines in its configuration, and has it read again.
  func configure(_ lines: [String]) throws {
    try write(lines)
    let before = try reloads()
    try control("reload")
    for _ in 0..<600 {
      if try reloads() > before { return }
      usleep(20_000)
    }
    throw ScratchBroker.Failed(what: "it does not read its configuration again")
  }

  private func reloads() throws -> Int {
    try String(contentsOfFile: directory + "/broker.log", encoding: .utf8).ranges(of: "Reloaded server configuration")
      .count
  }

  /// Runs lines of Python that have a client `c` of nats-py's, and its JetStream `js`.
  @discardableResult
  func python(_ lines: String, login: String = "", credentials: String? = nil) throws -> String {
    let options = credentials == nil ? "" : ", user_jwt_cb=token, signature_cb=sign"
    let body = lines.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    let program = """
      import asyncio, base64, json, nats, subprocess, tempfile
      from nats.js.api import *
      words = [w for w in open("\(credentials ?? "/dev/null")").read().split() if w[:2] in ("ey", "SU")]
      def token():
        return words[0].encode()
      def sign(nonce):
        # The seed behind what PKCS #8 has before a key of Ed25519, for OpenSSL.
        seed = base64.b32decode(words[1] + "=" * (-len(words[1]) % 8))[2:34]
        with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as text:
          key.write(bytes.fromhex("302e020100300506032b657004220420") + seed)
          text.write(nonce.encode())
          key.flush(), text.flush()
          return base64.b64encode(subprocess.check_output(["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER",
            "-inkey", key.name, "-in", text.name]))
      async def main():
        c = await nats.connect("nats://\(login)127.0.0.1:\(port)", connect_timeout=20\(options))
        js = c.jetstream(timeout=20)
      \(body)
        await c.close()
      asyncio.run(main())
      """
    return try ScratchBroker.python(program)
  }

  /// All messages of a stream, in order.
  func messages(
    of stream: String = "events", login: String = "", credentials: String? = nil
  ) throws -> [Message] {
    let text = try python(
      """
      n = (await js.stream_info('\(stream)')).state.messages
      s = await js.pull_subscribe('>', stream='\(stream)', config=ConsumerConfig(ack_policy=AckPolicy.NONE))
      found = []
      while len(found) < n:
        found += await s.fetch(min(500, n - len(found)), timeout=10)
      print(json.dumps([{'subject': m.subject, 'headers': dict(m.headers or {}), 'data': m.data.decode()} for m in found]))
      """, login: login, credentials: credentials)
    return try JSONDecoder().decode([Message].self, from: Data(text.utf8))
  }
}
