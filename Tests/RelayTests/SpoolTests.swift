// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import OutboxMapping
import PostgresWire
import TestStream
import Testing

@testable import Relay

@Suite struct SpoolTests {
  private func pipeline(memory: Int, directory: String, keepsBadRows: Bool = false) -> Pipeline {
    var spool = SpoolConfiguration()
    spool.memory = memory
    spool.directory = directory
    return Pipeline(
      EventMapper(OutboxStream.configuration), EnvelopeEncoder(envelope: .cloudevents), keepsBadRows: keepsBadRows,
      spool: spool)
  }

  @Test func `the pod of the manual, whose root can only be read, has room where large transactions wait`() throws {
    let page = URL(fileURLWithPath: #filePath).appending(path: "../../../Sources/tailrace/Manual.docc/Kubernetes.md")
    let text = try String(contentsOf: page.standardizedFileURL, encoding: .utf8)
    #expect(text.contains("readOnlyRootFilesystem: true") && !text.contains("name: TMPDIR"))
    #expect(text.contains("- {name: spool, mountPath: \(SpoolConfiguration().directory)}"))
  }

  @Test(arguments: Array(UInt64(1)...60))
  func `whatever is streamed, interleaved and rolled back, the output is that without streaming`(seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    var random = Randomness(seed: seed)
    let workload = StreamedWorkload(&random)
    var plain = pipeline(memory: .max, directory: directory.path)
    #expect(plain.take(workload.plain) == .more)
    let expected = plain.takeBatch()
    #expect(plain.failure == nil)
    for memory in [1, 600, 1 << 30] {
      var streamed = pipeline(memory: memory, directory: directory.path)
      #expect(streamed.take(workload.streamed) == .more)
      let found = streamed.takeBatch()
      #expect(found.text == expected.text)
      #expect(found.summary == expected.summary)
      #expect(found.events.map(\.line) == expected.events.map(\.line))
      #expect(found.events.map(\.key) == expected.events.map(\.key))
      #expect(streamed.confirm.confirmable == plain.confirm.confirmable)
    }
  }

  @Test func `a transaction that fills many batches is released a batch at a time`() throws {
    let directory = try TemporaryDirectory()
    var pipeline = pipeline(memory: 100_000, directory: directory.path)
    pipeline.take([HandBuilt.streamStart(7), OutboxStream.relation(7)])
    let payload = String(repeating: "x", count: 1000)
    for number in 0..<2000 { pipeline.take(OutboxStream.row("\(number)", xid: 7, payload: payload)) }
    pipeline.take(HandBuilt.streamStop)
    #expect(pipeline.take(HandBuilt.streamCommit(7, 0x10, end: 0x18)) == .enough)
    var events: [String] = []
    var batches = 0
    while true {
      let batch = pipeline.takeBatch()
      #expect(batch.bytes.count < Pipeline.batchSize + 2000)
      events += batch.summary
      batches += 1
      guard pipeline.isReleasing else { break }
      #expect(pipeline.confirm.confirmable == .zero)
      pipeline.release()
    }
    #expect(batches > 5)
    #expect(events == (0..<2000).map { "\($0)@10-\($0 + 1)" })
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
    #expect(pipeline.failure == nil)
  }

  @Test func `a place that cannot be written to is an error that names it, and nothing is confirmed`() throws {
    let directory = try TemporaryDirectory()
    var pipeline = pipeline(memory: 10, directory: directory.file("missing"))
    #expect(
      pipeline.take(HandBuilt.streamStart(7), OutboxStream.relation(7), OutboxStream.row("a", xid: 7)) == .enough)
    let failure = try #require(pipeline.failure)
    #expect("\(failure)".contains(directory.file("missing")))
    #expect("\(failure)".contains("No such file or directory"))
    #expect(pipeline.confirm.confirmable == .zero)
  }

  /// Files of this process in a directory, also without a name, by their sizes.
  private func openFiles(in directory: TemporaryDirectory) throws -> [Int] {
    let links = "/proc/self/fd"
    return try FileManager.default.contentsOfDirectory(atPath: links).compactMap { number in
      let link = "\(links)/\(number)"
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link),
        target.hasPrefix(directory.path)
      else { return nil }
      var status = stat()
      return stat(link, &status) == 0 ? Int(status.st_size) : nil
    }
  }

  @Test func `a hundred transactions in progress take one descriptor, and their room is given back`() throws {
    let directory = try TemporaryDirectory()
    var pipeline = pipeline(memory: 10, directory: directory.path)
    let ids = Array(1...100 as ClosedRange<UInt32>)
    for block in 0..<3 {
      for id in ids {
        pipeline.take(HandBuilt.streamStart(id, first: block == 0), OutboxStream.relation(id))
        for row in 0..<5 {
          pipeline.take(
            OutboxStream.row("\(id)-\(block)-\(row)", xid: id, payload: String(repeating: "x", count: 4000)))
        }
        pipeline.take(HandBuilt.streamStop)
      }
    }
    // A transaction's last block is not full.
    let most = 100 * 2 * Int(SpoolFile.blockSize)
    #expect(try openFiles(in: directory).map { $0 <= most } == [true])
    // Some are rolled back, and others take their room.
    for id in ids where id % 2 == 0 { pipeline.take(HandBuilt.streamAbort(id, id)) }
    for id in ids where id % 2 == 0 {
      pipeline.take(HandBuilt.streamStart(id + 1000), OutboxStream.relation(id + 1000))
      for row in 0..<15 {
        pipeline.take(
          OutboxStream.row("again-\(id)-\(row)", xid: id + 1000, payload: String(repeating: "y", count: 4000)))
      }
      pipeline.take(HandBuilt.streamStop)
    }
    #expect(try openFiles(in: directory).map { $0 <= most } == [true])
    var position: UInt64 = 0x10
    var events: [String] = []
    for id in ids {
      let id = id % 2 == 0 ? id + 1000 : id
      _ = pipeline.take(HandBuilt.streamCommit(id, position, end: position + 8))
      events += pipeline.takeBatch().summary
      while pipeline.isReleasing {
        pipeline.release()
        events += pipeline.takeBatch().summary
      }
      position += 0x10
    }
    #expect(pipeline.failure == nil)
    let expected = ids.flatMap { id in
      id % 2 == 0
        ? (0..<15).map { "again-\(id)-\($0)" }
        : (0..<3).flatMap { block in (0..<5).map { "\(id)-\(block)-\($0)" } }
    }
    #expect(events.map { $0.split(separator: "@")[0] } == expected.map { $0[...] })
    #expect(try openFiles(in: directory).isEmpty, "with the last of them the file is closed")
  }

  @Test(arguments: Array(UInt64(1)...20))
  func `whoever takes room and gives it back, each reads what it wrote`(seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    let file = SpoolFile(in: directory.path)
    var random = Randomness(seed: seed)
    var kept: [(bytes: SpooledBytes, content: [UInt8])] = []
    var (most, now) = (0, 0)
    for _ in 0..<60 {
      if !kept.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
        kept.remove(at: Int.random(in: 0..<kept.count, using: &random))
      } else if kept.isEmpty || Bool.random(using: &random) {
        kept.append((SpooledBytes(in: file), []))
      }
      guard !kept.isEmpty else { continue }
      let index = Int.random(in: 0..<kept.count, using: &random)
      let piece = [UInt8](
        repeating: UInt8.random(in: 0...255, using: &random), count: Int.random(in: 0...200_000, using: &random))
      try kept[index].bytes.write(piece)
      kept[index].content += piece
      now = kept.reduce(0) { $0 + ($1.content.count + Int(SpoolFile.blockSize) - 1) / Int(SpoolFile.blockSize) }
      most = max(most, now)
      for (bytes, content) in kept where !content.isEmpty {
        let start = Int.random(in: 0..<content.count, using: &random)
        let end = Int.random(in: start...content.count, using: &random)
        var read: [UInt8] = [7]
        try bytes.append(Int64(start)..<Int64(end), to: &read)
        #expect(read == [7] + content[start..<end])
      }
      #expect(try openFiles(in: directory).reduce(0, +) <= most * Int(SpoolFile.blockSize))
    }
    kept = []
    #expect(try openFiles(in: directory).isEmpty)
  }

  @Test func `no file has a name`() throws {
    let directory = try TemporaryDirectory()
    var pipeline = pipeline(memory: 10, directory: directory.path)
    pipeline.take(HandBuilt.streamStart(7), OutboxStream.relation(7), OutboxStream.row("a", xid: 7))
    #expect(pipeline.failure == nil)
    #expect(try directory.names().isEmpty)
  }
}

@Suite struct SpooledMessageTests {
  private static let message = HandBuilt.message("outbox.orders", #"{"id": "m", "type": "t"}"#, xid: 7)

  private func pipeline(after last: [UInt8], _ message: [UInt8]) -> Pipeline {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x8, "before"))
    pipeline.take(
      HandBuilt.streamStart(7), OutboxStream.relation(7), OutboxStream.row("a", xid: 8), message, HandBuilt.streamStop,
      last)
    return pipeline
  }

  @Test func `a rollback that may or may not take a message back leads to a new start with whole transactions`() {
    var pipeline = pipeline(after: HandBuilt.streamAbort(7, 8), Self.message)
    #expect(pipeline.failure != nil)
    #expect(pipeline.needsWholeTransactions)
    pipeline.dropIncomplete()
    #expect(pipeline.events() == ["before@8-1"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
    pipeline.restart()
    #expect(pipeline.failure == nil)
    #expect(pipeline.needsWholeTransactions)
    pipeline.take(OutboxStream.transaction(0x20, "b"))
    #expect(pipeline.events() == ["b@20-1"])
  }

  @Test func `without a message, or when all is rolled back, nothing is unclear`() {
    let row = OutboxStream.row("b", xid: 7)
    for (last, message) in [(HandBuilt.streamAbort(7, 8), row), (HandBuilt.streamAbort(7, 7), Self.message)] {
      #expect(pipeline(after: last, message).failure == nil)
    }
  }
}

@Suite struct SpooledBadRowTests {
  private static let badRow = HandBuilt.insert(1, [nil, "orders", "order-1", "OrderPlaced", "x"], xid: 8)

  private static func transaction(_ rest: [UInt8]...) -> [[UInt8]] {
    [
      HandBuilt.streamStart(7), OutboxStream.relation(7), OutboxStream.row("a", xid: 7), badRow,
      OutboxStream.row("b", xid: 7), HandBuilt.streamStop,
    ] + rest
  }

  private static let commit = HandBuilt.streamCommit(7, 0x10, end: 0x18)

  @Test func `a bad row ends the stream at the commit, and nothing of its transaction leaves`() {
    var pipeline = OutboxStream.pipeline()
    pipeline.take(OutboxStream.transaction(0x8, "before"))
    pipeline.take(Self.transaction())
    #expect(pipeline.failure == nil)
    #expect(pipeline.take(Self.commit) == .enough)
    #expect(pipeline.failure.map { "\($0)" }?.contains("column id") == true)
    pipeline.dropIncomplete()
    #expect(pipeline.events() == ["before@8-1"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x10))
  }

  @Test func `a bad row that is rolled back does no harm`() {
    for rest in [[HandBuilt.streamAbort(7, 8), Self.commit], [HandBuilt.streamAbort(7, 7)]] {
      var pipeline = OutboxStream.pipeline()
      pipeline.take(Self.transaction())
      pipeline.take(rest)
      #expect(pipeline.failure == nil)
      #expect(pipeline.events() == (rest.count == 2 ? ["a@10-1", "b@10-2"] : []))
    }
  }

  @Test func `a bad row goes to the dead letters with its position, after what comes before it`() {
    var pipeline = OutboxStream.keepingPipeline()
    pipeline.take(Self.transaction())
    #expect(pipeline.takeBadRows().isEmpty)
    #expect(pipeline.take(Self.commit) == .enough)
    #expect(pipeline.events() == ["a@10-1"])
    let letters = pipeline.takeBadRows()
    #expect(letters.map(\.position) == [EventPosition(commitLSN: 0x10, ordinal: 2)])
    #expect(letters.first?.event.contains(#""aggregateid":"order-1""#) == true)
    #expect(letters.first?.reason.contains("column id") == true)
    #expect(pipeline.isReleasing)
    pipeline.release()
    #expect(pipeline.events() == ["b@10-3"])
    #expect(pipeline.confirm.confirmable == LSN(rawValue: 0x18))
  }

  @Test func `a change that is forbidden ends the stream only if it is committed`() {
    var configuration = OutboxStream.configuration
    configuration.onChange = .fail
    for (last, isCommitted) in [(Self.commit, true), (HandBuilt.streamAbort(7, 7), false)] {
      var pipeline = Pipeline(EventMapper(configuration), EnvelopeEncoder(envelope: .cloudevents))
      pipeline.take(
        HandBuilt.streamStart(7), OutboxStream.relation(7), HandBuilt.delete(1, key: ["a"], xid: 7),
        HandBuilt.streamStop)
      #expect(pipeline.failure == nil)
      pipeline.take(last)
      #expect((pipeline.failure != nil) == isCommitted)
    }
  }
}
