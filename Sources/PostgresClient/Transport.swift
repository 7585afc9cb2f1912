// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc
package import PostgresWire

/// How what is said to a server travels.
package enum Transport: Hashable, Sendable {
  /// Through TLS or GSSAPI, by the protocol's name.
  case encrypted(String)
  /// As it is. `isExposed` when it leaves this machine although nobody has said that it may.
  case plain(isExposed: Bool)
}

extension Transport: CustomStringConvertible {
  /// `encrypted (TLSv1.3)` or `plain`.
  package var description: String {
    switch self {
    case .encrypted(let name): "encrypted (\(name))"
    case .plain: "plain"
    }
  }

  /// What an operator should know; nil where there is nothing to say.
  package var warning: Wording? {
    guard self == .plain(isExposed: true) else { return nil }
    return """
      the connection to the server is not encrypted although it leaves this machine: whoever is in between reads the \
      events, may change them, and may learn the password; give sslmode=verify-full, or sslmode=disable if that is meant
      """
  }

  /// A failure before there was anybody who could have told the warning.
  package func warned(_ failure: Failure) -> Failure {
    guard let warning else { return failure }
    var failure = failure
    failure.what = failure.what + "; " + warning
    return failure
  }
}

extension Connection {
  func foundTransport() -> Transport {
    if unsafe PQsslInUse(connection) == 1 {
      return .encrypted(unsafe PQsslAttribute(connection, "protocol").map { unsafe String(cString: $0) } ?? "TLS")
    }
    if unsafe PQgssEncInUse(connection) == 1 { return .encrypted("GSSAPI") }
    // libpq's default falls back to this in silence; any other mode was chosen.
    return .plain(isExposed: unsafe Self.option("sslmode", of: connection) == "prefer" && socket.leavesMachine)
  }
}

extension ServerSocket {
  /// Whether the other end is on another machine, as far as addresses tell.
  package var leavesMachine: Bool {
    guard let peer = unsafe Self.address(descriptor, getpeername) else { return false }
    return unsafe peer != Self.address(descriptor, getsockname) && !Self.isLoopback(peer)
  }

  /// The bytes of an IPv4 or IPv6 address; nil for a Unix socket.
  private static func address(
    _ descriptor: Int32, _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> [UInt8]? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      guard let address = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        unsafe ask(descriptor, address, &length) == 0
      else { return nil }
      // Where the address lies in `sockaddr_in` and `sockaddr_in6`.
      return switch Int32(unsafe address.pointee.sa_family) {
      case AF_INET: unsafe Array(bytes[4..<8])
      case AF_INET6: unsafe Array(bytes[8..<24])
      default: nil
      }
    }
  }

  /// 127.0.0.0/8, also as an IPv6 address, and `::1`.
  static func isLoopback(_ address: [UInt8]) -> Bool {
    if address.count == 4 { return address[0] == 127 }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
    if address.starts(with: mapped) { return address[12] == 127 }
    return address == [UInt8](repeating: 0, count: 15) + [1]
  }
}
