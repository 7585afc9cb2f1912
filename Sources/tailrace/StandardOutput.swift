// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Synchronization

/// What commands print. A reader who has gone has seen enough, which ends the program well; what cannot be written for
/// another reason ends it with an error, for it may be all that is left of what it shows.
enum StandardOutput {
  /// So much is gathered before it is written.
  private static let most = 64 * 1024
  private static let buffer = Mutex<[UInt8]>([])
  private static let isTerminal = isatty(1) == 1

  fileprivate static func write(_ text: String) {
    let isFull = buffer.withLock { bytes in
      bytes += text.utf8
      return isTerminal || bytes.count >= most
    }
    if isFull { flush() }
  }

  /// Writes what has been gathered.
  static func flush() {
    buffer.withLock { bytes in
      guard !bytes.isEmpty else { return }
      do throws(SystemFailure) { try OpenFile(borrowing: 1).write(bytes) } catch {
        if error.number == EPIPE { _exit(0) }
        say("error: cannot write to standard output: \(error.text)")
        _exit(EX_IOERR)
      }
      bytes = []
    }
  }
}

/// Writes a line to standard output: the only way in which commands do.
func print(_ line: some CustomStringConvertible, terminator: String = "\n") {
  StandardOutput.write(line.description + terminator)
}
