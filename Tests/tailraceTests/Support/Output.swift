// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What a program writes to a pipe, read by a thread of its own.
final class Output: Sendable {
  /// How the reader behaves.
  enum Reader: Sendable {
    /// Reads at once whatever comes.
    case eager
    /// Reads nothing before it is told to.
    case stalled
    /// Reads a line and goes away.
    case leavesAfterOneLine
  }

  private struct State {
    var bytes: [UInt8] = []
    var lineCount = 0
    var isComplete = false
  }

  let pipe: SystemPipe
  private let reader: Reader
  private let state = Mutex(State())
  private let mayRead = DispatchSemaphore(value: 0)

  init(_ reader: Reader) throws {
    self.reader = reader
    pipe = try SystemPipe()
    Thread { self.read() }.start()
    if case .stalled = reader { return }
    resume()
  }

  /// Lets a stalled reader read.
  func resume() { mayRead.signal() }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var lineCount: Int { state.withLock { $0.lineCount } }

  /// The whole lines so far.
  var lines: [String] { text.wholeLines }

  /// The last writer has gone and all was read.
  var isComplete: Bool { state.withLock { $0.isComplete } }

  private func read() {
    mayRead.wait()
    while let piece = pipe.read() {
      let lineCount = state.withLock { state in
        state.bytes += piece
        state.lineCount += piece.count { $0 == UInt8(ascii: "\n") }
        return state.lineCount
      }
      if case .leavesAfterOneLine = reader, lineCount > 0 { break }
    }
    pipe.closeReading()
    state.withLock { $0.isComplete = true }
  }
}

extension String {
  /// The lines that end in a newline.
  var wholeLines: [String] {
    split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}
