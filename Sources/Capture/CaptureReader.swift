// SPDX-License-Identifier: Apache-2.0

import Files
import Octets
public import PostgresWire

/// The recorded source: a capture file, or a dump of decoded changes, played back.
public struct CaptureReader: FrameSource, ~Copyable {
  /// How fast to play.
  public enum Speed: Hashable, Sendable {
    /// As fast as it can be read.
    case unlimited
    /// At the recorded pace, so many times faster.
    case recorded(times: Double)
  }

  /// Which stream was recorded.
  public var identity: StreamIdentity
  /// What the file says about it; nil for a dump, which says nothing.
  public let header: CaptureHeader?

  private let file: OpenFile
  private let path: String
  private let speed: Speed
  private var buffer: [UInt8] = []
  /// Where in `buffer` the next record starts.
  private var next = 0
  /// How much of the file lies before `buffer`.
  private var base = 0
  private var isAtEnd = false
  private let size: Int64?
  private var dump: DumpParser?
  private var origin: (arrival: PostgresTimestamp, start: ContinuousClock.Instant)?

  /// Opens a recording and reads its header; `-` reads standard input.
  public init(path: String, speed: Speed = .unlimited) throws(Failure) {
    let opened = try Self.open(path)
    var start: [UInt8] = []
    while start.count < CaptureFormat.magic.count, try Self.read(opened, path, 65_536, &start) {}
    if start.starts(with: CaptureFormat.magic) {
      let parsed = try Self.header(of: opened, path, &start)
      identity = parsed.header.identity
      header = parsed.header
      next = parsed.size
    } else {
      identity = StreamIdentity(
        systemIdentifier: "0", timeline: 0, database: "replay", slot: "replay", publication: "replay")
      header = nil
      dump = DumpParser()
    }
    size = opened.isRegular ? try? opened.status().size : nil
    file = opened
    self.path = path
    self.speed = speed
    buffer = start
  }

  /// On which timelines the log was written, as the header has it.
  public var timelineHistory: TimelineHistory { header?.timelineHistory ?? TimelineHistory() }
  /// Which tables were outboxes, as the header has it.
  public var tables: OutboxTables { header?.tables ?? OutboxTables() }
  /// The database's encoding, as the header has it.
  public var encoding: String? { header?.encoding }
  /// There is no server.
  public var flushLSN: LSN { .zero }
  /// There is nothing to wait for.
  public var descriptor: PollDescriptor? { nil }
  /// Nobody listens.
  public var heartbeat: Duration? { nil }

  /// How much of the file has been handed over.
  public var fraction: Double? { size.map { $0 > 0 ? min(1, Double(base + next) / Double($0)) : 1 } }

  /// Does nothing: nobody listens.
  public mutating func send(_ status: StandbyStatus) throws(Failure) {}
  /// Does nothing: nobody listens.
  public mutating func finish() throws(Failure) {}

  /// Hands over frames until the visitor has enough, the recorded pace demands a wait, or the file ends.
  public mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    if dump != nil { return try receiveLines(visit) }
    while let record = try nextRecord() {
      if let instant = due(record.arrival) { return .drained(until: instant) }
      next = record.frame.upperBound
      let verdict = unsafe visit(buffer.span.bytes.extracting(record.frame))
      if verdict == .enough { return .paused }
    }
    return .ended
  }

  private struct Record {
    let arrival: PostgresTimestamp
    let frame: Range<Int>
  }

  private mutating func nextRecord() throws(Failure) -> Record? {
    let headerSize = CaptureFormat.recordHeaderSize
    guard try fill(headerSize) else {
      if buffer.count > next { throw fault("a record's header is cut off") }
      return nil
    }
    var bytes = unsafe buffer.span.bytes.extracting(next..<(next + headerSize))
    let length: Int
    let arrival: PostgresTimestamp
    let checksum: UInt64
    do {
      length = Int(try bytes.readInteger(UInt32.self))
      arrival = try bytes.readTimestamp()
      checksum = try bytes.readInteger(UInt64.self)
    } catch {
      throw fault("\(error)")
    }
    guard length <= CaptureFormat.maximumFrameSize else { throw fault("a record claims \(length) bytes") }
    guard try fill(headerSize + length) else { throw fault("a record of \(length) bytes is cut off") }
    let frame = (next + headerSize)..<(next + headerSize + length)
    let span = unsafe buffer.span.bytes
    let seed = XXH64.hash(span.extracting(next..<(next + 12)))
    guard XXH64.hash(span.extracting(frame), seed: seed) == checksum else {
      throw fault("a record's checksum does not match")
    }
    return Record(arrival: arrival, frame: frame)
  }

  private mutating func receiveLines(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    // How much of the line that begins at `next` is known to have no end.
    var seen = 0
    while true {
      while let newline = buffer[(next + seen)...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = next..<newline
        next = newline + 1
        seen = 0
        if try receiveLine(line, visit) == .enough { return .paused }
      }
      seen = buffer.count - next
      if try !fill(seen + 1) { break }
    }
    let rest = next..<buffer.count
    next = buffer.count
    return try receiveLine(rest, visit) == .enough ? .paused : .ended
  }

  private mutating func receiveLine(
    _ line: Range<Int>, _ visit: (RawSpan) -> FrameVerdict
  ) throws(Failure) -> FrameVerdict {
    do {
      guard let frame = try dump?.frame(of: Array(buffer[line])) else { return .more }
      return unsafe visit(frame.span.bytes)
    } catch {
      throw Failure(
        .recording, "\(path), byte \(base + line.lowerBound): \(error.what)",
        advice: "give a file made by \(command: "capture"), or lines of lsn|xid|hex")
    }
  }

  /// Makes `count` bytes available from `next` on; false when the file has fewer.
  private mutating func fill(_ count: Int) throws(Failure) -> Bool {
    if buffer.count - next >= count { return true }
    if next > 0 {
      buffer.removeSubrange(..<next)
      base += next
      next = 0
    }
    // In pieces, so that a false length costs no more memory than the file has bytes.
    while buffer.count < count, !isAtEnd {
      isAtEnd = try !Self.read(file, path, 262_144, &buffer)
    }
    return buffer.count >= count
  }

  /// When a frame is to be handed over, if that is not now.
  private mutating func due(_ arrival: PostgresTimestamp) -> ContinuousClock.Instant? {
    guard case .recorded(let times) = speed else { return nil }
    guard let origin else {
      origin = (arrival, .now)
      return nil
    }
    let microseconds = (Double(arrival.rawValue) - Double(origin.arrival.rawValue)) / times
    let instant = origin.start + .microseconds(max(0, min(microseconds, 1e15)))
    return instant > .now ? instant : nil
  }

  private func fault(_ what: Wording) -> Failure {
    Failure(
      .recording, "\(path), byte \(base + next): \(what)", advice: "everything before this place is whole")
  }

  private static func open(_ path: String) throws(Failure) -> OpenFile {
    do { return try path == "-" ? OpenFile(borrowing: 0) : OpenFile(reading: path) } catch {
      throw Failure(.recording, "cannot open \(path): \(error.text)", advice: "check the name and permissions")
    }
  }

  /// Reads up to `count` more bytes to the end of a buffer; false at the end of the file.
  private static func read(
    _ file: borrowing OpenFile, _ path: String, _ count: Int, _ buffer: inout [UInt8]
  ) throws(Failure) -> Bool {
    do { return try file.appendNext(count, to: &buffer) > 0 } catch {
      throw Failure(.recording, "cannot read \(path): \(error.text)")
    }
  }

  private static func header(
    of file: borrowing OpenFile, _ path: String, _ start: inout [UInt8]
  ) throws(Failure) -> (header: CaptureHeader, size: Int) {
    let fixed = CaptureFormat.magic.count + 6
    func fault(_ what: Wording) -> Failure { Failure(.recording, "\(path), byte \(start.count): \(what)") }
    while start.count < fixed, try read(file, path, 65_536, &start) {}
    guard start.count >= fixed else { throw fault("the header is cut off") }
    var bytes = unsafe start.span.bytes.extracting(droppingFirst: CaptureFormat.magic.count)
    do {
      let version = try bytes.readInteger(UInt16.self)
      guard version == CaptureFormat.version else {
        throw Failure(
          .recording, "\(path): capture format \(version), but this program reads \(CaptureFormat.version)")
      }
      let length = Int(try bytes.readInteger(UInt32.self))
      guard length <= CaptureFormat.maximumHeaderSize else { throw fault("the header claims \(length) bytes") }
      while start.count < fixed + length + 8, try read(file, path, 65_536, &start) {}
      guard start.count >= fixed + length + 8 else { throw fault("the header is cut off") }
      let text = unsafe start.span.bytes.extracting(fixed..<(fixed + length))
      var checksum = unsafe start.span.bytes.extracting((fixed + length)..<(fixed + length + 8))
      guard XXH64.hash(text) == (try checksum.readInteger(UInt64.self)) else {
        throw fault("the header's checksum does not match")
      }
      guard let header = CaptureHeader(text: try text.string(0..<length)) else {
        throw fault("the header makes no sense")
      }
      return (header, fixed + length + 8)
    } catch let error as Failure {
      throw error
    } catch {
      throw fault("the header makes no sense")
    }
  }
}
