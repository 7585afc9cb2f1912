// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Sockets on this machine that no program inherits by accident.
enum TCP {
  /// Listens on a port, or on one that is free.
  static func listen(on port: UInt16 = 0) throws -> (socket: Int32, port: UInt16) {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var reuse: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    let bound = withAddress(port) { address, length in
      var length = length
      guard bind(socket, address, length) == 0, Foundation.listen(socket, 512) == 0 else { return UInt16?.none }
      guard getsockname(socket, address, &length) == 0 else { return nil }
      return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    }
    guard socket >= 0, let bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRINUSE) }
    return (socket, bound)
  }

  /// The next connection; negative when the listener is shut down.
  static func accept(_ listener: Int32) -> Int32 {
    while true {
      var question = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&question, 1, -1) > 0 else { continue }
      let socket = SystemPipe.whileNothingIsStarted {
        let socket = Foundation.accept(listener, nil, nil)
        if socket >= 0 { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
        return socket
      }
      if socket >= 0 || (errno != EINTR && errno != ECONNABORTED) { return socket }
    }
  }

  /// Connects; negative when nobody listens.
  static func connect(to port: UInt16) -> Int32 {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard withAddress(port, { Foundation.connect(socket, $0, $1) }) == 0 else {
      close(socket)
      return -1
    }
    return socket
  }

  /// Sends all of it; false when the other side has gone.
  static func send(_ bytes: some Collection<UInt8>, to socket: Int32) -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// From now on, closing it sends a reset, and what is unsent is lost.
  static func resetWhenClosed(_ socket: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  private static func withAddress<Result>(
    _ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
