// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import PostgresWire
import Relay

/// Signals become requests to a relay: the first SIGTERM or SIGINT asks for an orderly end, a further one ends at once, SIGHUP
/// starts a new output.
enum Signals {
  /// How long after the first a second one is taken for the same: a terminal or a `timeout` may send to the process and to
  /// its group.
  private static let echo: Duration = .seconds(1)

  /// Lets a crash be one. The language's runtime would start a program of its own then, which it looks for beside this one
  /// and where the environment says.
  static func letCrashesBe() {
    for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
  }

  /// A write to a pipe without a reader, or beyond a file's size limit, is an error like any other.
  static func letWritesFail() {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }

  /// How a program ends that we start can be asked, whatever whoever has started us does not want to know.
  static func letChildrenBeSeen() { signal(SIGCHLD, SIG_DFL) }

  /// Must be called before any other thread is started, for threads inherit what is blocked.
  ///
  /// - Parameters:
  ///   - onStop: called when an orderly end has been asked for.
  ///   - onReopen: called when a new output has been asked for.
  static func direct(
    to control: RunControl, onStop: @escaping @Sendable () -> Void = {}, onReopen: @escaping @Sendable () -> Void = {}
  ) throws(Failure) {
    try direct(
      stop: {
        control.stop()
        onStop()
      },
      reopen: {
        control.reopen()
        onReopen()
      })
  }

  /// The same for whoever has several, or more to do about a signal.
  ///
  /// - Parameters:
  ///   - stop: called once, on a thread of its own.
  ///   - reopen: called at each SIGHUP, on the same one.
  static func direct(
    stop: @escaping @Sendable () -> Void, reopen: @escaping @Sendable () -> Void
  ) throws(Failure) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    let awaited = set
    let reason = OwnThread.start {
      var set = awaited
      var stopping: ContinuousClock.Instant?
      while true {
        var number: Int32 = 0
        guard unsafe sigwait(&set, &number) == 0 else { continue }
        if number == SIGHUP {
          reopen()
        } else if let stopping {
          if ContinuousClock.now - stopping >= echo { _exit(128 + number) }
        } else {
          stopping = .now
          stop()
        }
      }
    }
    if let reason {
      throw Failure(
        .internal, "no thread can be started: \(reason.textInSentence)", advice: "let the process have more")
    }
  }

  /// Keeps a request for a new output until it is directed somewhere: else it would end the process.
  static func holdReopen() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGHUP)
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }
}
