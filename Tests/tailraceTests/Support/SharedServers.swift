// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// One server a version, started at the first use.
final class SharedServers: Sendable {
  @TaskLocal static var current = SharedServers()

  private let servers = Mutex<[Int: TestServer]>([:])

  func server(_ version: Int) throws -> TestServer {
    try servers.withLock { servers in
      if let server = servers[version] { return server }
      let server = try TestServer(version: version)
      servers[version] = server
      return server
    }
  }

  func destroy() {
    servers.withLock { servers in
      for server in servers.values { server.destroy() }
      servers = [:]
    }
  }
}
