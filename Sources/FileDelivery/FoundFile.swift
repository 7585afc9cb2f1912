// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import Glibc
import IntegrationEvents
import PostgresWire

/// An output file as it is found at the start: whose it is, how far it is whole, and whether something is gone. What is refused
/// is left untouched.
struct FoundFile: ~Copyable {
  let file: OpenFile
  /// Nil for a device or a pipe.
  let state: StateFile?
  /// How long the file is; everything up to here is whole lines, and durable.
  let size: Int64
  /// The newest event in the file, or in one that was rotated away.
  let last: EventPosition?
  /// What had to be mended; nil when nothing had.
  let repair: Wording?

  init(_ configuration: FileSink.Configuration, origin: StreamOrigin) throws(Failure) {
    let path = configuration.path
    let opened = try Self.open(configuration, waits: configuration.waitsForLock)
    guard opened.isRegular else {
      (state, size, last, repair) = (nil, 0, nil, nil)
      file = opened
      return
    }
    // Whose it is comes first: another's file is not touched.
    let state = try Self.state(configuration, origin: origin, isEmpty: try Self.size(opened, path) == 0)
    let content = try Content(opened, state, configuration)
    let end = content.end
    do throws(SystemFailure) {
      try end.mend(opened)
      // Who wrote it may have died before it was durable, and so may its name.
      if configuration.synchronizes {
        if end.size > 0 { try opened.synchronize() }
        try OwnFile.output.synchronizeName(of: path)
      }
    } catch {
      throw Failure(writing: path, error)
    }
    let kept = StateFile(Self.statePath(path), state)
    kept.note(size: end.size, newest: content.last)
    (self.state, size, last, repair) = (kept, end.size, content.last, content.repair(path))
    file = opened
  }

  /// What is in the file, and whether it is all that is to be in it.
  struct Content {
    let end: LineEnd
    let last: EventPosition?
    /// Whoever moved it away has it.
    let isGone: Bool
    private let recorded: Int64

    init(
      _ opened: borrowing OpenFile, _ state: FileSinkState, _ configuration: FileSink.Configuration
    ) throws(Failure) {
      let path = configuration.path
      do throws(SystemFailure) {
        end = try LineEnd(of: opened, isEvent: configuration.linesHaveSequence, recorded: state.size)
      } catch {
        throw Failure(opening: path, error)
      }
      if end.isForeign {
        throw Failure(
          .wrongStream, "\(path): its last line is no event with a sequence",
          advice: "move the file away or name another")
      }
      // A file that is gone counts as rotated away.
      let older = configuration.linesHaveSequence && end.size > 0 ? state.last : state.newest ?? state.last
      last = [end.last, older].compactMap { $0 }.max()
      recorded = state.size ?? 0
      isGone = end.size == 0 && recorded > 0
      if !isGone { try FoundFile.check(path, end.size, last, against: state) }
    }

    func repair(_ path: String) -> Wording? {
      let gone: Wording? =
        isGone
        ? "it is not there any more, though \(recorded) bytes of events were delivered into it; a new one is begun"
        : nil
      return (gone ?? end.words).map { "\(path): \($0)" }
    }
  }

  /// Refuses a file that holds less than was delivered into it.
  fileprivate static func check(
    _ path: String, _ size: Int64, _ last: EventPosition?, against state: FileSinkState
  ) throws(Failure) {
    let recorded = state.size ?? 0
    let isOlder = if let newest = state.newest { last.map { $0 < newest } ?? true } else { false }
    guard size < recorded || isOlder else { return }
    let what: Wording =
      size < recorded
      ? "\(path) has \(size) bytes, but \(recorded) bytes of events were delivered into it and confirmed"
      : "\(path) ends with an older event than the newest that was delivered into it and confirmed"
    throw Failure(
      .wrongStream, what,
      advice: "put it back; or move what there is of it and its .state away, to begin a new file")
  }

  static func size(_ file: borrowing OpenFile, _ path: String) throws(Failure) -> Int64 {
    do { return try file.status().size } catch { throw Failure(opening: path, error) }
  }

  static func statePath(_ path: String) -> String { path + ".state" }

  static func open(_ configuration: FileSink.Configuration, waits: Bool) throws(Failure) -> OpenFile {
    let path = configuration.path
    do throws(SystemFailure) {
      let file = try OpenFile.appending(to: path, .output)
      if file.isRegular, try !file.lock() { throw .busy }
      if let mode = configuration.mode, file.isRegular, try file.status().size == 0 { try file.setMode(mode) }
      return file
    } catch {
      guard error == .busy else { throw Failure(opening: path, error) }
      throw held(path, waits: waits)
    }
  }

  static func held(_ path: String, waits: Bool = false) -> Failure {
    Failure(
      waits ? .outputHeld : .cannotCreate, "\(path) is being written to by another process",
      advice: "stop that one, or name another file")
  }

  /// Reads the state beside the file, or makes it for a new one; refuses another stream's.
  private static func state(
    _ configuration: FileSink.Configuration, origin: StreamOrigin, isEmpty: Bool
  ) throws(Failure) -> FileSinkState {
    let path = configuration.path
    if let found = try foundState(
      path, origin: origin, isEmpty: isEmpty, synchronizing: configuration.synchronizes)
    {
      return found
    }
    let state = FileSinkState(origin: origin, last: nil, started: EventFile.now)
    do {
      try AtomicFile.write(state.text, to: statePath(path))
    } catch {
      throw Failure(opening: statePath(path), error)
    }
    return state
  }

  /// Reads the state beside the file; nil for a new one.
  static func foundState(
    _ path: String, origin: StreamOrigin, isEmpty: Bool, synchronizing: Bool
  ) throws(Failure) -> FileSinkState? {
    let advice: Wording = "move the file and its .state away or name another"
    let text: String?
    do throws(SystemFailure) {
      text = try SmallFile.record(statePath(path), synchronizing: synchronizing)
    } catch {
      throw Failure(opening: statePath(path), error)
    }
    if let text {
      guard let state = FileSinkState(text: text) else {
        throw Failure(.wrongStream, "\(statePath(path)) cannot be read", advice: advice)
      }
      guard state.origin == origin else {
        throw Failure(.wrongStream, "\(path) belongs to \(state.origin), not to \(origin)", advice: advice)
      }
      return state
    }
    guard isEmpty else {
      throw Failure(
        .wrongStream, "\(path) is not empty and has no \(statePath(path)) to tell whose it is", advice: advice)
    }
    return nil
  }
}

extension SystemFailure {
  /// Another process has the file.
  fileprivate static let busy = SystemFailure(number: EWOULDBLOCK)
}
