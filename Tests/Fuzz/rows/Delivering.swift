// SPDX-License-Identifier: Apache-2.0

import Capture
import FileDelivery
import Glibc
import IntegrationEvents
import Octets
import PostgresWire

@testable import Delivery
@testable import HTTPDelivery
@testable import OutboxMapping
@testable import Relay

/// Input: a row. Whatever it holds, it becomes events or letters, each place's encoder writes them, and whatever was
/// written is read back the same by whoever reads it: the file that is gone on from, letters, a redrive, a replay.
@_cdecl("LLVMFuzzerTestOneInput")
public func deliver(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let row = Row([UInt8](UnsafeBufferPointer(start: start, count: count)))
  let frames = row.frames
  for envelope in EnvelopeEncoder.Envelope.allCases {
    let run = Run(row, envelope)
    run.take(frames)
    for event in run.batch.events { checkLine(run.batch, event) }
    for letter in run.badRows { check(letter) }
    checkFile(run.batch, envelope)
    checkReplay(frames, row, envelope, run.batch)
    guard envelope == .cloudevents else { continue }
    precondition(run.failure != nil || run.batch.events.count + run.badRows.count == 2, "a row was passed over")
    for event in run.batch.events { checkRedrive(run.batch, event) }
  }
  return 0
}

/// Where a target keeps its files.
private let directory: String = {
  let path = "/dev/shm/tailrace-fuzz-rows-\(getpid())"
  mkdir(path, 0o700)
  return path
}()

private let identity = StreamIdentity(
  systemIdentifier: "1", timeline: 1, database: "shop", slot: "slot", publication: "publication")

/// A pipeline and what came out of it.
private final class Run {
  private var pipeline: Pipeline
  /// Why the stream ended early: only where a column's type cannot serve, which no input row is spared.
  private(set) var failure: Failure?
  var batch = EventBatch()
  var badRows: [DeadLetter] = []

  init(_ row: Row, _ envelope: EnvelopeEncoder.Envelope) {
    var configuration = row.configuration
    configuration.database = "shop"
    pipeline = Pipeline(EventMapper(configuration), EnvelopeEncoder(envelope: envelope), keepsBadRows: true)
  }

  func take(_ frames: [[UInt8]]) {
    for frame in frames { take(frame.span.bytes) }
  }

  func take(_ frame: RawSpan) {
    _ = pipeline.consume(frame)
    collect()
    while pipeline.isReleasing, pipeline.failure == nil {
      pipeline.release()
      collect()
    }
    if let failure = pipeline.failure {
      precondition(failure.kind == .row, "\(failure)")
      self.failure = failure
      precondition(isPlain("\(failure)"), "an error that steers a terminal")
    }
  }

  private func collect() {
    badRows += pipeline.takeBadRows()
    batch.append(pipeline.takeBatch(), from: 0)
  }
}

/// Whether nothing in a text ends a line, steers a terminal, or is not seen.
private func isPlain(_ text: String) -> Bool { ForeignText(text).description == text }

private func checkLine(_ batch: EventBatch, _ event: EncodedEvent) {
  let line = batch.bytes[event.line]
  precondition(line.last == UInt8(ascii: "\n"), "no newline at the end")
  precondition(!line.dropLast().contains { $0 < 0x20 }, "a control character in a line")
  let kind = try? JSONScanner.validate(batch.bytes.span.bytes, event.line.lowerBound..<(event.line.upperBound - 1))
  precondition(kind != nil, "no JSON")
}

private func check(_ letter: DeadLetter) {
  precondition(!letter.json.utf8.contains { $0 < 0x20 }, "a control character in a letter")
  // As the log tells of it.
  precondition(isPlain("\(Wording(letter.reason))"), "a reason that steers a terminal")
  let again = DeadLetter(json: Array(letter.json.utf8))
  precondition(
    again?.json == letter.json && again?.event == letter.event, "a letter reads otherwise than it was written")
}

/// Into a file and on behind it.
private func checkFile(_ batch: EventBatch, _ envelope: EnvelopeEncoder.Envelope) {
  let path = "\(directory)/events"
  defer { for name in [path, "\(path).state"] { unlink(name) } }
  var configuration = FileSink.Configuration(path: path)
  configuration.synchronizes = false
  configuration.linesHaveSequence = envelope == .cloudevents
  do {
    let sink = try FileSink(configuration, of: identity)
    sink.submit(batch) { precondition($0 == nil, "\(String(describing: $0))") }
    sink.close()
    guard envelope == .cloudevents else { return }
    let next = try FileSink(configuration, of: identity)
    precondition(next.resumePosition == batch.events.last?.position, "the file is gone on from elsewhere")
    next.close()
  } catch {
    preconditionFailure("\(error)")
  }
}

/// Recorded and played back.
private func checkReplay(_ frames: [[UInt8]], _ row: Row, _ envelope: EnvelopeEncoder.Envelope, _ live: EventBatch) {
  let path = "\(directory)/recording"
  defer { unlink(path) }
  let run = Run(row, envelope)
  do {
    let header = CaptureHeader(identity: identity, serverVersion: 0, options: "")
    var writer = try CaptureWriter(path: path, header: header)
    for frame in frames { writer.append(frame.span.bytes, arrivedAt: PostgresTimestamp(rawValue: 0)) }
    try writer.flush()
    var reader = try CaptureReader(path: path)
    while try reader.receive({
      run.take($0)
      return .more
    }) != .ended {}
  } catch {
    preconditionFailure("\(error)")
  }
  precondition(run.batch.bytes == live.bytes, "a replay gives other bytes")
}

/// As a letter, read back, and delivered again in every mode.
private func checkRedrive(_ batch: EventBatch, _ event: EncodedEvent) {
  let letter = DeadLetter(
    event: String(decoding: batch.line(of: event), as: UTF8.self), id: batch.text(event.id), key: batch.text(event.key),
    position: event.position, reason: "status 422", status: 422, attempts: 1, firstAttempt: 1, lastAttempt: 1,
    sink: "https://receiver.example")
  check(letter)
  let path = "\(directory)/letters"
  defer { unlink(path) }
  let store = DeadLetterFile(path: path)
  var again = EventBatch()
  do {
    try store.append([letter])
    let letters = try store.letters(matching: LetterQuery(id: letter.id), after: nil, limit: 2).letters
    precondition(letters.map(\.json) == [letter.json], "the letter is not found by its id")
    try again.append(letters[0])
  } catch {
    preconditionFailure("\(error)")
  }
  let redriven = again.events[0]
  precondition(again.line(of: redriven) == batch.line(of: event), "a redriven event has other bytes")
  for place in [\EncodedEvent.id, \.type, \.key, \.aggregateType, \.dataVersion, \.traceParent] {
    precondition(
      again.bytes[redriven[keyPath: place]] == batch.bytes[event[keyPath: place]], "an attribute lies elsewhere")
  }
  precondition(redriven.dataKind == event.dataKind && again.bytes[redriven.data] == batch.bytes[event.data])
  for mode in HTTPConfiguration.Mode.allCases {
    let first = try? HTTPMessage([OutgoingEvent(batch, event)], mode: mode)
    let second = try? HTTPMessage([OutgoingEvent(again, redriven)], mode: mode)
    precondition((first == nil) == (second == nil), "only one of the two can be posted")
    guard let first, let second else { continue }
    precondition(first.body == second.body, "a redriven body differs")
    precondition(
      first.headers.map { "\($0.0): \($0.1)" }.sorted() == second.headers.map { "\($0.0): \($0.1)" }.sorted(),
      "redriven headers differ")
    for (name, value) in first.headers {
      precondition(value.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a header that cannot be sent")
      precondition(name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }, "no header's name")
    }
    precondition(first.body.isEmpty == (mode == .binary && event.data.isEmpty), "a body that is not the data")
  }
}
