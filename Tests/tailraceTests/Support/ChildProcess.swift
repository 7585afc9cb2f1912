// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A program under test or beside it. What it writes is collected.
///
/// Not Foundation's `Process`, which does not notice the end of a program that has left a daemon behind.
final class ChildProcess: Sendable {
  let pid: pid_t
  let output: Output
  let errors: Output
  private let input: SystemPipe
  private let status = Mutex<Int32?>(nil)
  private let description: String

  /// Starts a program; with `outputPath`, its standard output is that file instead of a pipe.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], reader: Output.Reader = .eager,
    outputPath: String? = nil
  ) throws {
    description = ([program] + arguments).joined(separator: " ")
    let (output, errors, input) = (try Output(reader), try Output(.eager), try SystemPipe())
    (self.output, self.errors, self.input) = (output, errors, input)
    defer {
      output.pipe.closeWriting()
      errors.pipe.closeWriting()
      input.closeReading()
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
    if let outputPath {
      posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    } else {
      posix_spawn_file_actions_adddup2(&actions, output.pipe.writing, 1)
    }
    posix_spawn_file_actions_adddup2(&actions, errors.pipe.writing, 2)
    var variables = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("PG") && $0.key != "TAILRACE_DATABASE"
        // Others may need one to reach the world.
        && (program != Tailrace.path || !$0.key.lowercased().hasSuffix("_proxy"))
    }
    variables.merge(environment) { $1 }
    let argumentPointers = ([program] + arguments).map { strdup($0) } + [nil]
    let variablePointers = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
    // Whatever started the tests may ignore signals, and its threads block them; the program must not depend on that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGPIPE, SIGXFSZ] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var started: pid_t = 0
    let error = SystemPipe.whileNothingIsStarted {
      posix_spawn(&started, program, &actions, &attributes, argumentPointers, variablePointers)
    }
    guard error == 0 else { throw Failure(description: "cannot start \(program): \(String(cString: strerror(error)))") }
    pid = started
    Thread { self.reap() }.start()
  }

  private func reap() {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7f
    self.status.withLock { $0 = signal == 0 ? (status >> 8) & 0xff : -signal }
  }

  var isRunning: Bool { status.withLock { $0 == nil } }

  /// The lines on standard error, without the times before them.
  var messages: [String] {
    errors.lines.map { line in
      let time = line.prefix(21)
      return time.hasSuffix("Z ") ? String(line.dropFirst(time.count)) : line
    }
  }

  /// The one line that says why it ended; nil when there is none or more than one.
  var complaint: String? {
    let lines = messages.filter { $0.hasPrefix("tailrace: error: ") }
    return lines.count == 1 ? lines[0] : nil
  }

  /// The exit code, or the negative number of the signal that ended it; standard error has been read by then.
  func exitCode(within seconds: Double = 30) throws -> Int32 {
    let code = try eventually("\(description) ends", within: seconds) { status.withLock { $0 } }
    try wait(until: "standard error of \(description) is read", within: 5) { errors.isComplete }
    return code
  }

  /// Like `exitCode`, and all of standard output has been read too.
  func exitCodeAfterAllOutput(within seconds: Double = 30) throws -> Int32 {
    let code = try exitCode(within: seconds)
    try wait(until: "standard output of \(description) is read", within: 5) { output.isComplete }
    return code
  }

  func write(_ text: String) throws { try input.write(text) }

  func closeInput() { input.closeWriting() }

  func signal(_ number: Int32) {
    status.withLock { status in
      if status == nil { kill(pid, number) }
    }
  }

  /// Ends it at once, whatever it is doing.
  func kill9() throws {
    signal(SIGKILL)
    try wait(until: "\(description) is gone", within: 10, every: 0.002) { !isRunning }
  }

  /// Runs a program to its end and returns what it printed.
  static func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
    within seconds: Double = 60
  ) throws -> String {
    let child = try ChildProcess(program, arguments, environment: environment)
    if !input.isEmpty { try child.write(input) }
    child.closeInput()
    do {
      let code = try child.exitCodeAfterAllOutput(within: seconds)
      guard code == 0 else {
        throw Failure(description: "\(child.description) ended with \(code): \(child.errors.text)")
      }
    } catch {
      try? child.kill9()
      throw error
    }
    return child.output.text
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}
