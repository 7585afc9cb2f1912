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
  private var file: OpenFile
  /// How long the file is; everything up to here is whole lines.
  private var size: Int64
  /// How much of it is known to survive a crash of the machine.
  private var durableSize: Int64
  /// The newest event in the file, or in one that was rotated away.
  private(set) var last: EventPosition?
  /// What was cut off at the start; nil when nothing was.
  let repair: Wording?

  init(_ configuration: FileSink.Configuration, origin: StreamOrigin) throws(Failure) {
    let found = try FoundFile(configuration, origin: origin)
    self.configuration = configuration
    (state, size, durableSize, last, repair) = (found.state, found.size, found.size, found.last, found.repair)
    file = found.file
  }

  /// Appends a batch, starting new files where the configured size or age demands it.
  mutating func append(_ batch: EventBatch) throws(Failure) {
    if let interval = configuration.rotateInterval, size > 0, Self.now - (state?.current.started ?? 0) >= interval {
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
        try write(batch.bytes, start..<end)
        last = batch.events[index - 1].position
        start = end
      } else {
        try rotate()
      }
    }
  }

  /// Makes everything appended so far durable.
  mutating func commit() throws(Failure) {
    guard file.isRegular else { return }
    do throws(SystemFailure) {
      if configuration.synchronizes { try file.synchronize() }
      let status = try file.status()
      guard status.linkCount > 0 else { throw .deleted }
      guard status.size == size else { throw status.size < size ? .cut : .shared }
      durableSize = size
      state?.note(size: size, newest: last)
    } catch {
      // After a failed sync the system takes what it could not write for written: nobody would ever know.
      throw error == .shared ? Failure(writing: configuration.path, error) : failure(error, keeping: durableSize)
    }
  }

  /// Starts a new file: under the old name when it was moved away by somebody else, or else after renaming it.
  mutating func startNew() throws(Failure) {
    guard file.isRegular else { return }
    let wasMoved = try !isStillOurs()
    if size > 0 || wasMoved { try rotate() }
  }

  /// Whether the path still leads to the file that is open.
  private func isStillOurs() throws(Failure) -> Bool {
    do throws(SystemFailure) {
      return try FileStatus(path: configuration.path)?.isSameFile(as: file.status()) ?? false
    } catch {
      throw Failure(writing: configuration.path, error)
    }
  }

  private func fits(_ count: Int, isFirst: Bool) -> Bool {
    guard let limit = configuration.rotateSize, file.isRegular else { return true }
    return (size == 0 && isFirst) || size + Int64(count) <= limit
  }

  private mutating func write(_ bytes: [UInt8], _ range: Range<Int>) throws(Failure) {
    do {
      try file.write(bytes, range)
      size += Int64(range.count)
    } catch {
      // Whatever was written of this range goes again, so that no torn line stays.
      throw failure(error, keeping: size)
    }
  }

  /// What a failed write is told as, after the file has been cut back to a length, where it is longer.
  private func failure(_ error: SystemFailure, keeping size: Int64) -> Failure {
    var failure = Failure(writing: configuration.path, error)
    guard file.isRegular else { return failure }
    do throws(SystemFailure) {
      if try file.status().size > size {
        try file.truncate(to: size)
        try file.synchronize()
      }
    } catch {
      failure.what =
        "\(failure.what); nor can it be cut back to \(size) bytes, so what is behind them may not be durable: \(error.text)"
    }
    return failure
  }

  private mutating func rotate() throws(Failure) {
    guard file.isRegular else { return }
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
    file = try FoundFile.open(path, waits: false)
    // Somebody else may have put a file there.
    guard try FoundFile.size(file, path) == 0 else {
      throw Failure(
        .wrongStream, "\(path) was put there by somebody else while a new file was to be started",
        advice: "move it away and start again, nothing is lost")
    }
    (size, durableSize) = (0, 0)
    guard configuration.synchronizes, file.isRegular else { return }
    do { try OpenFile.synchronizeDirectory(of: path) } catch { throw Failure(writing: path, error) }
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

extension SystemFailure {
  fileprivate static let deleted = SystemFailure(
    number: ENOENT, words: "it was deleted while it was written to, and what was in it is gone")
  fileprivate static let shared = SystemFailure(
    number: EBUSY, words: "somebody else writes to it too, so it is not known what stands where")
  fileprivate static let cut = SystemFailure(
    number: EIO, words: "somebody has cut it while it was written to, as logrotate does with copytruncate")
}
