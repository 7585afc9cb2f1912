// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import Glibc
import IntegrationEvents
import PostgresWire

/// The file behind a file sink: opening and repair, appending, rotation.
struct EventFile: ~Copyable {
  private let configuration: FileSink.Configuration
  /// Nil for a device or a pipe.
  let state: StateFile?
  private var output: AppendedFile
  /// The newest event in the file, or in one that was rotated away.
  private(set) var last: EventPosition?
  /// What was cut off at the start; nil when nothing was.
  let repair: Wording?

  init(_ configuration: FileSink.Configuration, origin: StreamOrigin) throws(Failure) {
    let found = try FoundFile(configuration, origin: origin)
    self.configuration = configuration
    (state, last, repair) = (found.state, found.last, found.repair)
    output = AppendedFile(found.file, configuration.path, size: found.size)
  }

  /// Appends a batch, starting new files where the configured size or age demands it.
  mutating func append(_ batch: EventBatch) throws(Failure) {
    if let interval = configuration.rotateInterval, output.size > 0,
      Self.now - (state?.current.started ?? 0) >= interval
    {
      try rotate()
    }
    var start = 0
    var index = 0
    while index < batch.events.count {
      var end = start
      while index < batch.events.count, fits(batch.events[index].line.upperBound - start, isFirst: end == start) {
        end = batch.events[index].line.upperBound
        index += 1
      }
      if end > start {
        try output.write(batch.bytes, start..<end)
        last = batch.events[index - 1].position
        start = end
      } else {
        try rotate()
      }
    }
  }

  /// Makes everything appended so far durable.
  mutating func commit() throws(Failure) {
    try output.commit(synchronizing: configuration.synchronizes)
    state?.note(size: output.size, newest: last)
  }

  /// Starts a new file: under the old name when it was moved away by somebody else, or else after renaming it.
  mutating func startNew() throws(Failure) {
    guard output.file.isRegular else { return }
    let wasMoved = try !isStillOurs()
    if output.size > 0 || wasMoved { try rotate() }
  }

  /// Whether the path still leads to the file that is open.
  private func isStillOurs() throws(Failure) -> Bool {
    do throws(SystemFailure) {
      return try FileStatus(path: configuration.path)?.isSameFile(as: output.file.status()) ?? false
    } catch {
      throw Failure(writing: configuration.path, error)
    }
  }

  private func fits(_ count: Int, isFirst: Bool) -> Bool {
    guard let limit = configuration.rotateSize, output.file.isRegular else { return true }
    return (output.size == 0 && isFirst) || output.size + Int64(count) <= limit
  }

  private mutating func rotate() throws(Failure) {
    guard output.file.isRegular else { return }
    try commit()
    let path = configuration.path
    let isStillOurs = try isStillOurs()
    do throws(SystemFailure) {
      let (newest, now) = (last, Self.now)
      // In this order: should we die between the two, the file's own last line still tells where to go on.
      try state?.update { state in
        state.last = newest
        state.started = now
        state.size = 0
      }
    } catch {
      throw Failure(writing: path, error)
    }
    if isStillOurs {
      do throws(SystemFailure) {
        let target = try OwnFile.output.followed(path)
        try AtomicFile.move(target, to: try rotatedName(of: target))
      } catch {
        // Somebody else may have moved it since we looked.
        guard error.number == ENOENT else { throw Failure(writing: path, error) }
      }
    }
    let new = try FoundFile.open(configuration, waits: false)
    // Somebody else may have put a file there.
    guard try FoundFile.size(new, path) == 0 else {
      throw Failure(
        .wrongStream, "\(path) was put there by somebody else while a new file was to be started",
        advice: "move it away and start again, nothing is lost")
    }
    let isRegular = new.isRegular
    output = AppendedFile(new, path, size: 0)
    guard configuration.synchronizes, isRegular else { return }
    do { try OwnFile.output.synchronizeName(of: path) } catch { throw Failure(writing: path, error) }
  }

  /// The path, a dot, and the sequence of the newest event, so that names sort as events do.
  private func rotatedName(of path: String) throws(SystemFailure) -> String {
    // Without a known position nothing was rotated away before, so this file's name must sort first.
    let base = "\(path).\((last ?? EventPosition(commitLSN: 0, ordinal: 0)).sequence)"
    var name = base
    var number = 1
    while try FileStatus(path: name) != nil {
      name = "\(base).\(number)"
      number += 1
    }
    return name
  }

  static var now: Int64 { PostgresTimestamp.now.unixSeconds }
}

/// A file to which whole lines are appended, by us alone from the first to the last: how long it is, and how much is durable.
/// Of a device or a pipe nothing of that is known.
struct AppendedFile: ~Copyable {
  let file: OpenFile
  /// What it is called in messages.
  private let name: String
  /// How long the file is; everything up to here is whole lines.
  private(set) var size: Int64
  /// How much of it is known to survive a crash of the machine.
  private var durableSize: Int64
  /// One that never had a name cannot lose it.
  private let hasName: Bool

  /// - Parameter size: how long the file is now.
  init(_ file: consuming OpenFile, _ name: String, size: Int64, hasName: Bool = true) {
    (self.name, self.size, durableSize, self.hasName) = (name, size, size, hasName)
    self.file = file
  }

  /// Appends whole lines. What cannot be written whole is taken back.
  mutating func write(_ bytes: [UInt8], _ range: Range<Int>) throws(Failure) {
    var rest = range
    do throws(SystemFailure) {
      try file.write(bytes, rest: &rest)
      size += Int64(range.count)
    } catch {
      throw failure(error, keeping: size, of: size + Int64(range.count - rest.count))
    }
  }

  /// Makes everything appended so far durable, unless that is not wanted, and sees whether it is still there.
  mutating func commit(synchronizing: Bool) throws(Failure) {
    guard file.isRegular else { return }
    if synchronizing {
      do { try file.synchronize() } catch {
        // After a failed sync the system takes what it could not write for written: nobody would ever know.
        throw failure(error, keeping: durableSize, of: size)
      }
    }
    do throws(SystemFailure) {
      let status = try file.status()
      guard status.linkCount > 0 || !hasName else { throw .deleted }
      guard status.size == size else { throw status.size < size ? .cut : .shared }
    } catch {
      throw Failure(writing: name, error)
    }
    durableSize = size
  }

  /// What a failure is told as, after the file has been cut back to a length.
  ///
  /// - Parameter expected: how long it is where nobody else writes to it, whose lines are not ours to cut.
  private func failure(_ error: SystemFailure, keeping length: Int64, of expected: Int64) -> Failure {
    var failure = Failure(writing: name, error)
    guard file.isRegular else { return failure }
    do throws(SystemFailure) {
      let found = try file.status().size
      guard found <= expected else { throw .shared }
      if found > length {
        try file.truncate(to: length)
        try file.synchronize()
      }
    } catch {
      failure.what =
        "\(failure.what); nor can it be cut back to \(length) bytes, so what is behind them may be half a line or not durable: \(error.text)"
    }
    return failure
  }
}

extension SystemFailure {
  fileprivate static let deleted = SystemFailure(
    number: ENOENT, words: "it was deleted while it was written to, and what was in it is gone")
  fileprivate static let shared = SystemFailure(
    number: EBUSY, words: "somebody else writes to it too, so it is not known what stands where")
  fileprivate static let cut = SystemFailure(
    number: EIO, words: "somebody has cut it while it was written to, as logrotate does with copytruncate")
}
