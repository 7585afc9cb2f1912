// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Two sockets that are connected with each other.
struct SocketPair: ~Copyable {
  let ours: Int32
  let theirs: Int32

  /// A connection by TCP within this machine.
  static func tcp() throws -> SocketPair {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let ours = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let connected = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 1) == 0
          && getsockname(listener, address, &length) == 0 && connect(ours, address, length) == 0
      }
    }
    try #require(connected)
    return SocketPair(ours: ours, theirs: accept(listener, nil, nil))
  }

  /// A connection by a Unix socket.
  static func unix() throws -> SocketPair {
    var ends: (Int32, Int32) = (-1, -1)
    let result = withUnsafeMutableBytes(of: &ends) {
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, $0.bindMemory(to: Int32.self).baseAddress)
    }
    try #require(result == 0)
    return SocketPair(ours: ends.0, theirs: ends.1)
  }

  deinit {
    close(ours)
    close(theirs)
  }

  /// What the system keeps for our side at most.
  var receiveBuffer: Int32 {
    var size: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(ours, SOL_SOCKET, SO_RCVBUF, &size, &length)
    return size
  }
}
