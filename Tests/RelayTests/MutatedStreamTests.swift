// SPDX-License-Identifier: Apache-2.0

import Capture
import Foundation
import Octets
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import Relay

/// Damaged messages must end in an error or an event, never in a trap or without end. Seeds are fixed, so that a failure
/// can be repeated.
@Suite struct MutatedStreamTests {
  /// The frames of every recorded scenario, one list a scenario.
  private static func recordings() throws -> [[[UInt8]]] {
    let names = try FixtureFiles.dumps()
    #expect(names.count > 25)
    return try names.map { path in
      var frames: [[UInt8]] = []
      var reader = try CaptureReader(path: path)
      while try reader.receive({ frame in
        frames.append((0..<frame.byteCount).map { frame.byte(at: $0) })
        return .more
      }) != .ended {}
      return frames
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `one damaged message in a whole stream`(seed: UInt64) throws {
    var random = Randomness(seed: seed)
    var failures = 0
    var runs = 0
    for frames in try Self.recordings() {
      for _ in 0..<12 {
        let victim = Int.random(in: 0..<frames.count, using: &random)
        var pipeline = OutboxStream.pipeline()
        for (index, frame) in frames.enumerated() {
          let frame = index == victim ? Self.damaged(frame, &random) : frame
          if pipeline.take(frame: frame) == .enough { break }
        }
        runs += 1
        if pipeline.failure != nil { failures += 1 }
      }
    }
    #expect(failures > runs / 4, "damage does get noticed")
    #expect(failures < runs, "and does not always matter")
  }

  /// Many mutations of each message against a pipeline that has seen the stream up to it.
  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func `each message damaged many times`(seed: UInt64) throws {
    var random = Randomness(seed: seed)
    var mutations = 0
    for frames in try Self.recordings() {
      var pipeline = OutboxStream.pipeline()
      for frame in frames {
        for _ in 0..<10 {
          var copy = pipeline
          copy.take(frame: Self.damaged(frame, &random))
          mutations += 1
        }
        pipeline.take(frame: frame)
        if pipeline.failure != nil { break }
      }
    }
    #expect(mutations > 8_000)
  }

  @Test(arguments: [21, 22] as [UInt64])
  func `messages in any order`(seed: UInt64) throws {
    var random = Randomness(seed: seed)
    let frames = try Self.recordings().flatMap { $0 }
    for _ in 0..<400 {
      var pipeline = OutboxStream.pipeline()
      for _ in 0..<40 where pipeline.take(frame: frames.randomElement(using: &random) ?? []) == .more {}
    }
  }

  @Test(arguments: [31, 32] as [UInt64])
  func `noise with a message's tag`(seed: UInt64) {
    var random = Randomness(seed: seed)
    var decoder = Decoder()
    for _ in 0..<15_000 {
      var message = (0..<Int.random(in: 1...60, using: &random)).map { _ in
        Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random) : UInt8.random(in: 0...2, using: &random)
      }
      message[0] = Array("BCORYIUDTMSEcAbPKrp".utf8).randomElement(using: &random) ?? 0
      if Bool.random(using: &random) { decoder = Decoder() }
      _ = try? decoder.decode(message.span.bytes)
    }
  }

  /// Mostly leaves the frame's own header alone.
  private static func damaged(_ frame: [UInt8], _ random: inout Randomness) -> [UInt8] {
    if Int.random(in: 0..<10, using: &random) == 0 { return Mutation.damaged(frame, &random) }
    return Array(frame[..<25]) + Mutation.damaged(Array(frame[25...]), &random)
  }
}
