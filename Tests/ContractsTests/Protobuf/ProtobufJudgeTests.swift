// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

@testable import Contracts

/// What buf, protoc and Python say; `Scripts/capture-protobuf-contracts` has asked them.
struct ProtobufJudgeTests {
  @Test(arguments: ProtobufRules.allCases)
  func `versions break the rules that they break for buf`(_ rules: ProtobufRules) throws {
    var (count, broken, renamed, required) = (0, 0, 0, 0)
    for line in try ProtobufFixtures.lines("evolutions") {
      let old = try ProtobufSchema(line.bytes("old"), type: "x.Placed")
      let new = try ProtobufSchema(line.bytes("new"), type: "x.Placed")
      let found = Set(
        new.judged(reading: old, rules: rules).map { String($0.split(separator: "(").last?.dropLast() ?? "") })
      let theirs = line.texts(rules.rawValue)
      count += 1
      if !theirs.isEmpty { broken += 1 }
      #expect(theirs.isSubset(of: found))
      let more = found.subtracting(theirs)
      if more == ["MESSAGE_SAME_REQUIRED_FIELDS"] {
        // To buf, a field that a feature makes required is not; that it is has another rule tell too.
        required += 1
      } else if !more.isEmpty {
        // To buf, a message of another name is another; to us an event's message is one, whatever its name.
        #expect(old.name != new.name, "\(more)")
        renamed += 1
      }
    }
    #expect(count == 150 && broken > 70 && renamed <= 3 && required <= 2)
  }

  /// Python refuses what it does not know, and takes more forms of texts; buf leaves out what it does not know. To Python the
  /// largest float is too large. What is beside an Any's value is left out by both; to us it is not known.
  @Test func `JSON is taken where both others take it`() throws {
    let validator = try ProtobufFixtures.everything().validator()
    var (taken, refused) = (0, 0)
    for line in try ProtobufFixtures.lines("data") {
      let text = line.text("text")
      let isPythonsLargest = text.contains("3.4028235e38") && line.text("python") != line.text("buf")
      let isTaken =
        line.text("buf") == "y" && (line.text("python") == "y" || isPythonsLargest) && !text.contains("\"extra\"")
      let mismatch = validator.mismatch(text)
      #expect((mismatch == nil) == isTaken, "\(text): \(String(describing: mismatch))")
      if isTaken { taken += 1 } else { refused += 1 }
    }
    #expect(taken > 300 && refused > 300)
  }

  @Test func `JSON is written as Python writes it`() throws {
    let encoder = ProtobufEncoder(try ProtobufFixtures.everything())
    var count = 0
    for line in try ProtobufFixtures.lines("data") where line["binary"]?.value != .null {
      let text = line.text("text")
      var encoded: [UInt8] = []
      // The same key in two forms is one for which nobody says which value counts.
      guard encoder.append(Array(text.utf8).span.bytes, 0..<text.utf8.count, to: &encoded) == nil,
        !text.contains("\"01\"")
      else { continue }
      // Python writes in the order of numbers, and sorts maps.
      #expect(try encoded.sorted() == line.bytes("binary").sorted(), "\(text)")
      count += 1
    }
    #expect(count > 300)
  }

  @Test func `protoc and buf describe the same`() throws {
    let protoc = try ProtobufFixtures.everything()
    let buf = try ProtobufSchema(ProtobufFixtures.bytes("everything-buf.binpb"), type: "everything.Placed")
    #expect(Set(protoc.types.messages.map(\.fullName)) == Set(buf.types.messages.map(\.fullName)))
    var effort = Effort.unlimited
    for (reader, writer) in [(protoc, buf), (buf, protoc)] {
      #expect(reader.obstacles(reading: writer, effort: &effort).isEmpty)
    }
    #expect(buf.types.files.contains { $0.isImport } && !protoc.types.files.contains { $0.isImport })
    #expect(protoc.name == "everything.Placed" && protoc.isSame(as: buf) && buf.isSame(as: protoc))
  }
}
