// SPDX-License-Identifier: Apache-2.0

import Foundation
import Octets
import PostgresWire
import TestStream
import Testing

@testable import Capture

/// Reads a recording to its end or to an error.
func readAll(_ path: String) -> (frames: [[UInt8]], error: Failure?) {
  var frames: [[UInt8]] = []
  do throws(Failure) {
    var reader = try CaptureReader(path: path)
    while try reader.receive({ frame in
      frames.append((0..<frame.byteCount).map { frame.byte(at: $0) })
      return .more
    }) != .ended {}
    return (frames, nil)
  } catch {
    return (frames, error)
  }
}

private let header = CaptureHeader(
  identity: StreamIdentity(
    systemIdentifier: "7000000000000000001", timeline: 3, database: "shop ü", slot: "slot", publication: "a,\"b c\""),
  serverVersion: 150_018, options: "proto_version '3', publication_names '\"a\"'")

private let frames: [[UInt8]] = [
  HandBuilt.frame(HandBuilt.begin(0x10), at: 0x10), HandBuilt.keepalive(0x20), [],
  HandBuilt.frame(HandBuilt.commit(0x10, end: 0x18), at: 0x10),
]

/// A capture of a few frames, and where in it each record ends.
private func smallCapture(_ directory: TemporaryDirectory) throws -> (bytes: [UInt8], ends: [Int]) {
  var writer = try CaptureWriter(path: directory.file("small"), header: header)
  for (index, frame) in frames.enumerated() {
    writer.append(frame.span.bytes, arrivedAt: PostgresTimestamp(rawValue: Int64(index)))
  }
  try writer.finish()
  let bytes = try directory.read("small")
  var ends = [bytes.count - frames.reduce(0) { $0 + 20 + $1.count }]
  for frame in frames { ends.append((ends.last ?? 0) + 20 + frame.count) }
  return (bytes, ends)
}

@Suite struct CaptureReaderTests {
  @Test func `what was written is read back`() throws {
    let directory = try TemporaryDirectory()
    _ = try smallCapture(directory)
    let reader = try CaptureReader(path: directory.file("small"))
    #expect(reader.header == header)
    #expect(reader.identity == header.identity)
    #expect(reader.heartbeat == nil)
    #expect(reader.flushLSN == .zero)
    let (read, error) = readAll(directory.file("small"))
    #expect(read == frames)
    #expect(error == nil)
  }

  @Test func `frames larger than any buffer`() throws {
    let directory = try TemporaryDirectory()
    var writer = try CaptureWriter(path: directory.file("large"), header: header)
    let large = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for count in [0, 1_000_000, 3, 262_144, 65_536, 999_999] {
      let piece = Array(large[..<count])
      writer.append(piece.span.bytes, arrivedAt: PostgresTimestamp(rawValue: 0))
      try writer.flush()
      #expect(writer.pendingBytes == 0)
    }
    try writer.finish()
    let (read, error) = readAll(directory.file("large"))
    #expect(read.map(\.count) == [0, 1_000_000, 3, 262_144, 65_536, 999_999])
    #expect(read.allSatisfy { $0.elementsEqual(large[..<$0.count]) })
    #expect(error == nil)
  }

  @Test func `a pause between frames loses none`() throws {
    let directory = try TemporaryDirectory()
    _ = try smallCapture(directory)
    var reader = try CaptureReader(path: directory.file("small"))
    var read: [Int] = []
    var supplies: [FrameSupply] = []
    repeat {
      supplies.append(
        try reader.receive { frame in
          read.append(frame.byteCount)
          return .enough
        })
    } while supplies.last != .ended
    #expect(read == frames.map(\.count))
    #expect(supplies == [.paused, .paused, .paused, .paused, .ended])
  }

  @Test func `a file is never overwritten, and is the owner's alone`() throws {
    let directory = try TemporaryDirectory()
    _ = try smallCapture(directory)
    let error = #expect(throws: Failure.self) {
      _ = try CaptureWriter(path: directory.file("small"), header: header)
    }
    #expect(error?.kind == .cannotCreate)
    let mode = try FileManager.default.attributesOfItem(atPath: directory.file("small"))[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func `a file that is not there, and a directory`() throws {
    let directory = try TemporaryDirectory()
    #expect(readAll(directory.file("none")).error?.kind == .recording)
    let (read, error) = readAll(directory.path)
    #expect(read.isEmpty)
    #expect(error?.description.hasPrefix("cannot read") == true)
  }

  @Test func `a full disk`() throws {
    // The device exists already, so creating it fails; what can be tested is that writing reports errors.
    let error = #expect(throws: Failure.self) { _ = try CaptureWriter(path: "/dev/full", header: header) }
    #expect(error?.kind == .cannotCreate)
  }

  @Test func `cut at every byte gives the whole frames before, then says where`() throws {
    let directory = try TemporaryDirectory()
    let (bytes, ends) = try smallCapture(directory)
    for count in 1..<bytes.count {
      let path = try directory.write(Array(bytes[..<count]), "cut")
      let (read, error) = readAll(path)
      let whole = ends.dropFirst().count { $0 <= count }
      #expect(read == Array(frames[..<whole]), "\(count) bytes")
      if ends.contains(count) {
        #expect(error == nil, "a recording may end between two records")
      } else {
        #expect(error?.kind == .recording)
        if count > ends[0] {
          #expect(error?.description.contains("byte \(ends.last { $0 <= count } ?? 0):") == true, "\(count) bytes")
        }
      }
    }
  }

  @Test func `every flipped bit is noticed`() throws {
    let directory = try TemporaryDirectory()
    let (bytes, ends) = try smallCapture(directory)
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        let (read, error) = readAll(try directory.write(damaged, "flipped"))
        #expect(error?.kind == .recording, "byte \(index), bit \(bit)")
        #expect(read == Array(frames[..<ends.dropFirst().count { $0 <= index }]), "byte \(index), bit \(bit)")
      }
    }
  }

  @Test(arguments: [.max, 1 << 30, (1 << 30) + 1, 1 << 20] as [UInt32])
  func `a length that the file does not have`(length: UInt32) throws {
    let directory = try TemporaryDirectory()
    let (bytes, ends) = try smallCapture(directory)
    var damaged = bytes
    damaged.replaceSubrange(ends[0]..<(ends[0] + 4), with: Wire().u32(length).bytes)
    let before = residentBytes()
    let (read, error) = readAll(try directory.write(damaged, "long"))
    #expect(read.isEmpty)
    #expect(error?.description.contains("byte \(ends[0]):") == true)
    #expect(residentBytes() - before < 256 << 20)
  }

  @Test func `a header that claims too much, of another version, or without a field`() throws {
    let directory = try TemporaryDirectory()
    let (bytes, _) = try smallCapture(directory)
    var long = bytes
    long.replaceSubrange(10..<14, with: Wire().u32(.max).bytes)
    #expect(readAll(try directory.write(long, "long")).error?.description.contains("claims") == true)
    var newer = bytes
    newer[9] = 2
    #expect(readAll(try directory.write(newer, "newer")).error?.description.contains("capture format 2") == true)
    let text = Array("system 1\ntimeline x\n".utf8)
    let senseless =
      CaptureFormat.magic + Wire().u16(1).u32(UInt32(text.count)).raw(text).u64(XXH64.hash(text.span.bytes)).bytes
    #expect(readAll(try directory.write(senseless, "senseless")).error?.description.contains("makes no sense") == true)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `damage of any kind ends in an error or in frames`(seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    let (bytes, _) = try smallCapture(directory)
    var random = Randomness(seed: seed)
    for _ in 0..<700 {
      let path = try directory.write(Mutation.damaged(bytes, &random), "damaged")
      let (read, _) = readAll(path)
      #expect(read.count <= 2 * frames.count)
    }
  }

  private func residentBytes() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
  }
}

@Suite struct RecordedSpeedTests {
  @Test func `frames come at the recorded pace`() throws {
    let byte: [UInt8] = [1]
    let directory = try TemporaryDirectory()
    var writer = try CaptureWriter(path: directory.file("paced"), header: header)
    for time in [1_000_000, 1_000_000, 1_400_000] as [Int64] {
      writer.append(byte.span.bytes, arrivedAt: PostgresTimestamp(rawValue: time))
    }
    try writer.finish()
    var reader = try CaptureReader(path: directory.file("paced"), speed: .recorded(times: 4))
    var count = 0
    func receive() throws -> FrameSupply {
      try reader.receive { _ in
        count += 1
        return .more
      }
    }
    let start = ContinuousClock.now
    guard case .drained(until: let instant?) = try receive() else {
      Issue.record("no wait")
      return
    }
    #expect(count == 2)
    #expect((instant - start - .milliseconds(100)).magnitude < .milliseconds(50), "0.4 s at fourfold speed")
    while try receive() != .ended {}
    #expect(ContinuousClock.now >= instant)
    #expect(count == 3)
  }

  @Test func `a clock that went back causes no wait`() throws {
    let byte: [UInt8] = [1]
    let directory = try TemporaryDirectory()
    var writer = try CaptureWriter(path: directory.file("back"), header: header)
    for time in [1_000_000, 0, .min, 1_000_000] as [Int64] {
      writer.append(byte.span.bytes, arrivedAt: PostgresTimestamp(rawValue: time))
    }
    try writer.finish()
    var reader = try CaptureReader(path: directory.file("back"), speed: .recorded(times: 0.001))
    #expect(try reader.receive { _ in .more } == .ended)
  }
}

extension Duration {
  fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
