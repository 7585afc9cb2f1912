// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A pipe that no program inherits by accident.
final class SystemPipe: Sendable {
  let reading: Int32
  let writing: Int32
  private let isOpen = Mutex((reading: true, writing: true))

  init() throws {
    (reading, writing) = try Self.whileNothingIsStarted {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
  }

  /// Keeps programs from being started while a new descriptor might still be inherited.
  static func whileNothingIsStarted<Result>(_ body: () throws -> Result) rethrows -> Result {
    starting.lock()
    defer { starting.unlock() }
    return try body()
  }

  private static let starting = NSLock()

  deinit {
    closeReading()
    closeWriting()
  }

  func closeReading() {
    isOpen.withLock { isOpen in
      if isOpen.reading { close(reading) }
      isOpen.reading = false
    }
  }

  func closeWriting() {
    isOpen.withLock { isOpen in
      if isOpen.writing { close(writing) }
      isOpen.writing = false
    }
  }

  /// The next bytes; nil at the end.
  func read() -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
      repeat {
        count = max(0, Foundation.read(reading, buffer.baseAddress, buffer.count))
      } while count == 0 && errno == EINTR
    }
    return bytes.isEmpty ? nil : bytes
  }

  func write(_ text: String) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(writing, $0.baseAddress, $0.count) }
      guard count > 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
      bytes = bytes.dropFirst(count)
    }
  }
}
