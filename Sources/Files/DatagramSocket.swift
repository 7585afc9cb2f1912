// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Sends to a socket of this machine that takes whole messages.
///
/// Source: Linux, unix(7).
package struct DatagramSocket: ~Copyable, Sendable {
  /// How long a message may wait for whoever reads them.
  private static let patience = timeval(tv_sec: 1, tv_usec: 0)

  private let descriptor: Int32
  private let address: sockaddr_un
  private let length: socklen_t

  /// Nobody need be there yet.
  ///
  /// - Parameter name: a path that begins with `/`, or an abstract name behind `@`.
  package init(to name: String) throws(SystemFailure) {
    var bytes = Array(name.utf8)
    guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), bytes.count > 1 else {
      throw SystemFailure(number: EAFNOSUPPORT)
    }
    if first == UInt8(ascii: "@") { bytes[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // A path ends with a zero byte, which is there.
    let room = MemoryLayout.size(ofValue: address.sun_path) - (first == UInt8(ascii: "/") ? 1 : 0)
    guard bytes.count <= room else { throw SystemFailure(number: ENAMETOOLONG) }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let opened = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard opened >= 0 else { throw .last }
    var patience = Self.patience
    _ = unsafe setsockopt(opened, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    descriptor = opened
    self.address = address
    length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
  }

  deinit { close(descriptor) }

  /// Sends a message, whole or not at all.
  package func send(_ text: String) throws(SystemFailure) {
    let bytes = Array(text.utf8)
    var address = address
    while true {
      let sent = unsafe withUnsafeBytes(of: &address) { raw in
        unsafe bytes.withUnsafeBytes {
          unsafe sendto(
            descriptor, $0.baseAddress, $0.count, 0, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
        }
      }
      if sent >= 0 { return }
      guard errno == EINTR else { throw .last }
    }
  }
}
