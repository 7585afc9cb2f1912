// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the system knows about the socket to the server.
package struct ServerSocket: Sendable {
  package let descriptor: Int32

  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// How many bytes it holds for us.
  package var waitingBytes: Int {
    var count: CInt = 0
    return unsafe ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  /// Whether the server is on this machine, as far as TCP can tell: segments of tens of thousands of bytes, which networks
  /// do not carry, and no delay. False for a Unix socket, and where the system does not tell.
  ///
  /// Source: Linux, `struct tcp_info` in linux/tcp.h, of which the C library's header knows only the beginning.
  package var isWithinMachine: Bool {
    let info = unsafe [UInt8](unsafeUninitializedCapacity: 152) { buffer, count in
      var length = socklen_t(buffer.count)
      let result = unsafe getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, buffer.baseAddress, &length)
      count = result == 0 ? Int(length) : 0
    }
    guard info.count == 152 else { return false }
    let (segment, roundTrip) = unsafe info.withUnsafeBytes {
      unsafe ($0.load(fromByteOffset: 16, as: UInt32.self), $0.load(fromByteOffset: 148, as: UInt32.self))
    }
    return segment > 16_384 && roundTrip < 1000
  }

  /// Waits until there is something to read, or room to write.
  package func wait(forWriting: Bool, milliseconds: Int32) {
    var request = pollfd(fd: descriptor, events: Int16(forWriting ? POLLOUT | POLLIN : POLLIN), revents: 0)
    _ = unsafe poll(&request, 1, milliseconds)
  }

  /// Lets the server send only so much ahead of what has been read, from now on; the system doubles it, and about half of
  /// that holds data.
  package func limitWindow(to bytes: CInt) {
    var bytes = bytes
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<CInt>.size))
  }
}
