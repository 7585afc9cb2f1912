// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import PostgresWire

/// Runs a command's body; an error becomes one line on standard error and the exit code that stands for it.
func reportingErrors(_ body: () throws -> Void) throws {
  defer {
    MessageHandler.summarize(all: true)
    Messages.endLive()
  }
  do {
    try body()
  } catch let failure as Failure {
    MessageHandler.summarize(all: true)
    Messages.endLive()
    // A reader that has gone has seen enough.
    say("\(failure.kind.exitCode == 0 ? "notice" : "error"): \(failure.text(Flags.text))")
    if failure.kind.exitCode == EX_USAGE { say("see tailrace --help") }
    throw ExitCode(failure.kind.exitCode)
  } catch let mistakes as Mistakes {
    mistakes.say()
    throw ExitCode(mistakes.exitCode)
  } catch {
    // Usage errors and exit codes are the argument parser's.
    throw error
  }
}
