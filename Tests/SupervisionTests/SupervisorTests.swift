// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Logging
import PostgresWire
import Settings
import Synchronization
import Testing

@testable import Supervision

/// Many relays in one process.
@Suite struct SupervisorTests {
  /// A server that takes connections and says nothing.
  private final class MuteServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let taken = Mutex<[Int32]>([])

    init() throws {
      let found = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      listener = found
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          bind(found, address, length) + listen(found, 1024) + getsockname(found, address, &length)
        }
      }
      try #require(result == 0)
      port = UInt16(bigEndian: address.sin_port)
    }

    /// Takes one more connection; false when none comes.
    func take(within seconds: Int32) -> Bool {
      var request = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, seconds * 1000) == 1, case let found = accept(listener, nil, nil), found >= 0 else {
        return false
      }
      taken.withLock { $0.append(found) }
      return true
    }

    deinit {
      for descriptor in taken.withLock(\.self) + [listener] { close(descriptor) }
    }
  }

  @Test func `three hundred relays that wait for their servers all begin, and leave threads to others`() throws {
    let server = try MuteServer()
    let count = 300
    let planned = (0..<count).map { number in
      var settings = RelaySettings()
      settings.source.database = "host=127.0.0.1 port=\(server.port) dbname=d user=u sslmode=disable gssencmode=disable"
      (settings.source.publication, settings.source.slot) = ("p", "s\(number)")
      var log = Logger(label: "r\(number)") { _ in SwiftLogNoOpLogHandler() }
      log.logLevel = .critical
      let place = ServerPlace(server: "here", database: "d")
      return PlannedRelay("r\(number)", settings, at: place, onFailure: .restart, log: log, show: { "\($0)" })
    }
    let supervisor = Supervisor(planned, isObserved: true)
    let (ended, pool) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    Thread.detachNewThread {
      _ = supervisor.run()
      ended.signal()
    }
    var begun = 0
    while begun < count, server.take(within: 30) { begun += 1 }
    #expect(begun == count)
    DispatchQueue(label: "other").async { pool.signal() }
    DispatchQueue.global().async { pool.signal() }
    for _ in 0..<2 { #expect(pool.wait(timeout: .now() + 30) == .success) }
    supervisor.stop()
    #expect(ended.wait(timeout: .now() + 120) == .success)
  }
}
