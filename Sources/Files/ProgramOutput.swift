// SPDX-License-Identifier: Apache-2.0

import CSpawn
import Glibc
import Synchronization

/// Runs a program for what it prints. It has nothing to read, and what it says of errors goes nowhere.
package enum ProgramOutput {
  /// Why there is none.
  package enum Trouble: Error, Hashable, Sendable {
    /// It cannot be started.
    case start(SystemFailure)
    /// Nobody may see how programs end: SIGCHLD is ignored.
    case unseen
    /// We were stopped.
    case cancelled
    /// It prints more than it may.
    case endless
    /// It has not ended in time.
    case late
    /// A signal has ended it.
    case signal(Int32)
    /// It ended with a code other than 0.
    case code(Int32)
  }

  /// What it prints.
  ///
  /// - Parameters:
  ///   - words: the program, found as a shell finds it, and its arguments.
  ///   - longest: the most that it may print, in bytes.
  ///   - patience: how long it may take.
  ///   - isCancelled: asked about every fifth of a second: true gives up.
  package static func of(
    _ words: [String], atMost longest: Int, patience: Duration, isCancelled: @Sendable () -> Bool = { false }
  ) throws(Trouble) -> [UInt8] {
    let (process, output): (pid_t, Int32)
    do { (process, output) = try starting.withLock { (_) throws(SystemFailure) in try start(words) } } catch {
      throw .start(error)
    }
    defer { close(output) }
    let deadline = ContinuousClock.now + patience
    var bytes: [UInt8] = []
    var isWhole = false
    var status: Int32 = 0
    var found: pid_t = 0
    // In microseconds: most end at once when they have printed all.
    var pause: UInt32 = 100
    while found == 0, bytes.count <= longest, ContinuousClock.now < deadline, !isCancelled() {
      if isWhole {
        usleep(pause)
        pause = min(2 * pause, 10_000)
      } else {
        isWhole = read(from: output, to: &bytes, within: 50) == .end
      }
      found = unsafe waitpid(process, &status, WNOHANG)
    }
    guard found == process else {
      // Its number may be another's by now.
      if found < 0 { throw .unseen }
      kill(-process, SIGKILL)
      while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
      if isCancelled() { throw .cancelled }
      throw bytes.count > longest ? .endless : .late
    }
    // What it has printed counts: something that it has started may go on, and have its output open.
    while !isWhole, bytes.count <= longest { isWhole = read(from: output, to: &bytes, within: 0) != .some }
    guard bytes.count <= longest else { throw .endless }
    let (code, signal) = (status >> 8 & 0xFF, status & 0x7F)
    guard signal == 0 else { throw .signal(signal) }
    guard code == 0 else { throw .code(code) }
    return bytes
  }

  /// Two that are started at once would have each other's pipe, whose end then comes late.
  private static let starting = Mutex(())

  /// Starts it with nothing to read, without our signals' ways, in a group of its own that can be ended.
  private static func start(_ words: [String]) throws(SystemFailure) -> (process: pid_t, output: Int32) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw .last }
    defer { close(ends[1]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // Not all that is open closes by itself, such as the sockets of the network library: what the program leaves behind would
    // hold our address, and receivers' connections.
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGPIPE, SIGXFSZ, SIGCHLD] { unsafe sigaddset(&signals, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var process: pid_t = 0
    let code = unsafe posix_spawnp(&process, words[0], &actions, &attributes, arguments, environ)
    guard code == 0 else {
      close(ends[0])
      throw SystemFailure(number: code)
    }
    return (process, ends[0])
  }

  private enum Found {
    case nothing, some, end
  }

  /// Reads what is there, waiting for so many milliseconds.
  private static func read(from descriptor: Int32, to bytes: inout [UInt8], within patience: Int32) -> Found {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&request, 1, patience) > 0 else { return .nothing }
    var piece = [UInt8](repeating: 0, count: 4096)
    let count = unsafe Glibc.read(descriptor, &piece, piece.count)
    if count > 0 { bytes += piece[..<count] }
    return count > 0 ? .some : count < 0 && errno == EINTR ? .nothing : .end
  }
}
