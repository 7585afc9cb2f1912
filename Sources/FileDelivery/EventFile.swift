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

  init(_ configuration: FileSink.Configuration, origin: StreamOrigin) throws(Failure) {
    let path = configuration.path
    let opened = try Self.open(path, waits: configuration.waitsForLock)
    var state = FileSinkState(origin: origin, last: nil, started: Self.now)
    var found: (size: Int64, last: EventPosition?) = (0, nil)
    if opened.isRegular {
      // Whose it is comes first: another's file is not touched.
      state = try Self.state(configuration, origin: origin, isEmpty: try Self.size(opened, path) == 0)
      do throws(SystemFailure) { found = try Self.end(opened) } catch { throw Failure(opening: path, error) }
      if configuration.linesHaveSequence, found.size > 0, found.last == nil {
        throw Failure(
          .wrongStream, "\(path): its last line is no event with a sequence",
          advice: "move the file away or name another")
      }
      do throws(SystemFailure) {
        _ = try opened.repairTornTail()
        // Who wrote it may have died before it was durable, and so may its name.
        if configuration.synchronizes {
          if found.size > 0 { try opened.synchronize() }
          try OpenFile.synchronizeDirectory(of: path)
        }
      } catch {
        throw Failure(writing: path, error)
      }
    }
    self.configuration = configuration
    self.state = opened.isRegular ? StateFile(Self.statePath(path), state) : nil
    file = opened
    size = found.size
    durableSize = found.size
    // What was rotated away is known even where lines carry no position, so that later files' names sort behind it.
    let newest = configuration.linesHaveSequence ? found.last : nil
    last = [newest, state.last].compactMap { $0 }.max()
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
      guard try file.status().linkCount > 0 else {
        throw .init(number: ENOENT)
      }
      durableSize = size
    } catch {
      // After a failed sync the system takes what it could not write for written: nobody would ever know.
      try? file.truncate(to: durableSize)
      throw Failure(writing: configuration.path, error)
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
      if file.isRegular { try? file.truncate(to: size) }
      throw Failure(writing: configuration.path, error)
    }
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
      }
    } catch {
      throw Failure(writing: path, error)
    }
    if isStillOurs {
      do throws(SystemFailure) {
        try AtomicFile.move(path, to: try rotatedName())
      } catch {
        // Somebody else may have moved it since we looked.
        guard error.number == ENOENT else { throw Failure(writing: path, error) }
      }
    }
    file = try Self.open(path, waits: false)
    // Somebody else may have put a file there.
    guard try Self.size(file, path) == 0 else {
      throw Failure(
        .wrongStream, "\(path) was put there by somebody else while a new file was to be started",
        advice: "move it away and start again, nothing is lost")
    }
    (size, durableSize) = (0, 0)
    guard configuration.synchronizes, file.isRegular else { return }
    do { try OpenFile.synchronizeDirectory(of: path) } catch { throw Failure(writing: path, error) }
  }

  private static func size(_ file: borrowing OpenFile, _ path: String) throws(Failure) -> Int64 {
    do { return try file.status().size } catch { throw Failure(opening: path, error) }
  }

  /// The path, a dot, and the sequence of the newest event, so that names sort as events do.
  private func rotatedName() throws(SystemFailure) -> String {
    // Without a known position nothing was rotated away before, so this file's name must sort first.
    let base = "\(configuration.path).\((last ?? EventPosition(commitLSN: 0, ordinal: 0)).sequence)"
    var name = base
    var number = 1
    while try FileStatus(path: name) != nil {
      name = "\(base).\(number)"
      number += 1
    }
    return name
  }

  private static var now: Int64 { PostgresTimestamp.now.unixSeconds }

  private static func statePath(_ path: String) -> String { path + ".state" }

  private static func open(_ path: String, waits: Bool) throws(Failure) -> OpenFile {
    do throws(SystemFailure) {
      let file = try OpenFile.appending(to: path, .output)
      if file.isRegular, !file.lock() { throw .busy }
      return file
    } catch {
      guard error == .busy else { throw Failure(opening: path, error) }
      throw Failure(
        waits ? .outputHeld : .cannotCreate, "\(path) is being written to by another process",
        advice: "stop that one, or name another file")
    }
  }

  /// The length without a torn last line, and the position of the last event.
  private static func end(_ file: borrowing OpenFile) throws(SystemFailure) -> (Int64, EventPosition?) {
    let end = try file.wholeLength()
    return (end, EventLine.position(in: try file.lastLine(before: end)))
  }

  /// Reads the state beside the file, or makes it for a new one; refuses another stream's.
  private static func state(
    _ configuration: FileSink.Configuration, origin: StreamOrigin, isEmpty: Bool
  ) throws(Failure) -> FileSinkState {
    let path = configuration.path
    let advice: Wording = "move the file and its .state away or name another"
    let text: String?
    do throws(SystemFailure) {
      text = try SmallFile.record(statePath(path), synchronizing: configuration.synchronizes)
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
    let state = FileSinkState(origin: origin, last: nil, started: now)
    do {
      try AtomicFile.write(state.text, to: statePath(path))
    } catch {
      throw Failure(opening: statePath(path), error)
    }
    return state
  }
}

extension SystemFailure {
  /// Another process has the file.
  fileprivate static let busy = SystemFailure(number: EWOULDBLOCK)
}
