// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Plays the part of a service manager: listens where `NOTIFY_SOCKET` says, and notes what it is told and when.
final class NotifySocket: Sendable {
  struct Message: Sendable {
    let time: ContinuousClock.Instant
    let lines: [String]

    func value(of name: String) -> String? {
      lines.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
  }

  /// As `NOTIFY_SOCKET` has it: a path, or an abstract name behind `@`.
  let name: String
  private let socket: Int32
  private let received = Mutex<[Message]>([])
  private let isClosed = Mutex(false)

  init(_ name: String) throws {
    self.name = name
    socket = Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if name.hasPrefix("@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
    }
    guard bound == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRINUSE) }
    Thread { self.read() }.start()
  }

  private func read() {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      var question = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      let isReady = poll(&question, 1, 100) > 0
      if isClosed.withLock({ $0 }) {
        Foundation.close(socket)
        return
      }
      guard isReady, case let count = recv(socket, &bytes, bytes.count, 0), count > 0 else { continue }
      let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
      received.withLock { $0.append(Message(time: .now, lines: lines)) }
    }
  }

  func close() { isClosed.withLock { $0 = true } }

  var messages: [Message] { received.withLock { $0 } }

  func messages(with line: String) -> [Message] { messages.filter { $0.lines.contains(line) } }

  /// The words about the state that were told last.
  var status: String { messages.compactMap { $0.value(of: "STATUS") }.last ?? "" }

  /// What the program is to find in its environment.
  func environment(watchdog: Duration? = nil) -> [String: String] {
    var variables = ["NOTIFY_SOCKET": name]
    if let watchdog {
      variables["WATCHDOG_USEC"] = "\(watchdog.components.seconds * 1_000_000)"
    }
    return variables
  }

  /// The longest time between two signs of life since a moment, up to now.
  func longestSilence(since start: ContinuousClock.Instant) -> Duration {
    let times = messages(with: "WATCHDOG=1").map(\.time).filter { $0 >= start } + [.now]
    return zip([start] + times, times).map { $1 - $0 }.max() ?? .zero
  }
}
