// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Threads of the system's own, for what may block for long.
///
/// The threads of libdispatch's pool are few, 255 at most, and belong to everybody: who blocks them all stops what others have
/// put there, timers and the answers to a service manager included. Where the system has no thread left, it waits for one
/// without a word.
package enum OwnThread {
  /// What a thread is to do.
  private final class Task: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Does something on a thread that ends with it. Gives why there is none, where there is none: then nothing is done.
  ///
  /// Signals are for whoever waits for them: the thread has them blocked from its first moment.
  package static func start(_ body: @escaping @Sendable () -> Void) -> SystemFailure? {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var (blocked, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&blocked)
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGSYS] { unsafe sigdelset(&blocked, number) }
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let held = unsafe Unmanaged.passRetained(Task(body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Task>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, held.toOpaque())
    guard code != 0 else { return nil }
    unsafe held.release()
    return SystemFailure(number: code)
  }
}
