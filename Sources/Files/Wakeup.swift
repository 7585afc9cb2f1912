// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Wakes a thread that waits for a descriptor.
package final class Wakeup: Sendable {
  private let reading: Int32
  private let writing: Int32
  private let isSignalled = Atomic(false)

  package init() {
    var ends: (Int32, Int32) = (-1, -1)
    let result = unsafe withUnsafeMutableBytes(of: &ends) {
      unsafe pipe($0.baseAddress?.assumingMemoryBound(to: Int32.self))
    }
    precondition(result == 0, "no file descriptors left")
    (reading, writing) = ends
    for end in [reading, writing] {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
  }

  deinit {
    close(reading)
    close(writing)
  }

  /// Ends the wait that is going on, or else the next one. Any thread may call it.
  package func signal() {
    guard !isSignalled.exchange(true, ordering: .acquiringAndReleasing) else { return }
    var byte: UInt8 = 0
    _ = unsafe write(writing, &byte, 1)
  }

  /// Waits until a descriptor can be read (or written, if asked for), for a signal, or for the end of the time; nil waits
  /// without end.
  package func wait(for descriptor: Int32?, orWriting: Bool = false, atMost duration: Duration?) {
    var requests = (
      pollfd(fd: reading, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor ?? -1, events: Int16(orWriting ? POLLIN | POLLOUT : POLLIN), revents: 0)
    )
    _ = unsafe withUnsafeMutableBytes(of: &requests) {
      unsafe poll(
        $0.bindMemory(to: pollfd.self).baseAddress, descriptor == nil ? 1 : 2, Self.milliseconds(duration))
    }
    // A byte may come after its signal has been noticed; it must not stay, or every further wait would end at once.
    if requests.0.revents != 0 || isSignalled.load(ordering: .acquiring) {
      var bytes: (UInt64, UInt64) = (0, 0)
      _ = unsafe withUnsafeMutableBytes(of: &bytes) { unsafe read(reading, $0.baseAddress, $0.count) }
      // An exchange, so that whatever was asked for before the last signal is seen.
      _ = isSignalled.exchange(false, ordering: .acquiringAndReleasing)
    }
  }

  /// Sleeps by the clock, whatever happens meanwhile: for less than a millisecond, which poll cannot measure.
  package static func sleep(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    unsafe nanosleep(&time, nil)
  }

  /// Rounded up, so that a wait never ends just before what it waits for.
  private static func milliseconds(_ duration: Duration?) -> Int32 {
    guard let duration else { return -1 }
    let (seconds, attoseconds) = duration.components
    guard seconds < 1_000_000 else { return 1_000_000_000 }
    return max(0, Int32(seconds) * 1000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
  }
}
