// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Servers that are not reached at once.
  @Suite struct HostLists {
    @Test func `each host of a list has the whole time for connecting`() throws {
      try withDatabase { database in
        // One takes connections and says nothing, one refuses them, the last one is the server.
        let silent = try TCP.listen()
        let closed = try TCP.listen()
        close(closed.socket)
        defer { close(silent.socket) }
        try database.psql("SELECT place(1);")
        let port = database.connection.split(separator: " ").first { $0.hasPrefix("port=") }?.dropFirst(5) ?? ""
        let connection =
          "host=127.0.0.1,127.0.0.1,127.0.0.1 port=\(silent.port),\(closed.port),\(port) user=postgres "
          + "dbname=\(database.name) connect_timeout=2"
        let stream = try database.tailrace([
          "stream", "--database", connection, "--publication", "events", "--slot", database.slot, "--until", "now",
          "--no-retry",
        ])
        #expect(try stream.exitCodeAfterAllOutput(within: 60) == 0, "\(stream.errors.text)")
        #expect(stream.output.lineCount == 1)
      }
    }

    @Test func `a host that says nothing is told of when it is the only one`() throws {
      let silent = try TCP.listen()
      defer { close(silent.socket) }
      let stream = try ChildProcess(
        Tailrace.path,
        [
          "stream", "--database", "host=127.0.0.1 port=\(silent.port) connect_timeout=2", "--publication", "events",
          "--slot", "s", "--no-retry",
        ])
      #expect(try stream.exitCode(within: 20) == 69)
      #expect(stream.complaint?.contains("within 2 s") == true, "\(stream.errors.text)")
    }

    @Test(arguments: [false, true])
    func `a connection that ends in the middle of TLS is tried again`(isReset: Bool) throws {
      let proxy = try TCP.listen()
      let thread = Thread {
        while case let socket = TCP.accept(proxy.socket), socket >= 0 {
          var request = [UInt8](repeating: 0, count: 8)
          _ = recv(socket, &request, 8, 0)
          _ = TCP.send([UInt8(ascii: "S")], to: socket)
          if isReset { TCP.resetWhenClosed(socket) }
          close(socket)
        }
      }
      thread.start()
      defer { shutdown(proxy.socket, Int32(SHUT_RDWR)) }
      let stream = try ChildProcess(
        Tailrace.path,
        [
          "stream", "--database", "host=127.0.0.1 port=\(proxy.port) sslmode=require", "--publication", "events",
          "--slot", "s",
        ])
      try wait(until: "it tries again") { stream.errors.text.components(separatedBy: "trying again").count > 2 }
      #expect(stream.errors.text.contains("SSL"), "\(stream.errors.text)")
      stream.signal(SIGTERM)
      #expect(try stream.exitCode() == 0)
    }
  }
}
