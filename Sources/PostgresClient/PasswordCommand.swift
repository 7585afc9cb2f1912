// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire

/// Runs the program that prints a password. What it prints goes nowhere else, and what it says of errors goes nowhere.
enum PasswordCommand {
  /// How long it may take.
  private static let patience: Duration = .seconds(30)
  /// The most that it may print, in bytes.
  private static let longest = 65_536

  /// What it prints.
  ///
  /// - Parameter isCancelled: asked about every fifth of a second: true gives up.
  static func run(_ words: [String], isCancelled: @Sendable () -> Bool) throws(Failure) -> String {
    let bytes: [UInt8]
    do throws(ProgramOutput.Trouble) {
      bytes = try ProgramOutput.of(words, atMost: longest, patience: patience, isCancelled: isCancelled)
    } catch {
      switch error {
      case .start(let why): throw failed("cannot be run: \(why.textInSentence)")
      case .unseen: throw failed("was run where nobody may see how programs end (SIGCHLD is ignored)")
      case .cancelled: throw Connection.stopped
      case .endless: throw failed("prints without end")
      case .late: throw failed("has not ended within \(patience.components.seconds) s")
      case .signal(let number): throw failed("was ended by signal \(number)")
      case .code(let code): throw failed("ended with code \(code)")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw failed("prints what is no text") }
    return text
  }

  private static func failed(_ what: String) -> Failure {
    Failure(
      .connection, "the password's command \(what)",
      advice: """
        run it by hand, as the user that we run as; under systemd the unit may keep it from something, as \
        MemoryDenyWriteExecute= does with what compiles while it runs (node, java), and ProtectHome= with home directories
        """)
  }
}
