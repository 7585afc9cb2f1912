// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Testing

@testable import Settings

/// Descriptor sets in a directory of contracts, and the files that they are made from.
struct ProtobufContractTests {
  private func withDirectory(_ files: [String: [UInt8]], _ body: (ContractDirectory, String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("protobuf-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for (name, bytes) in files {
      let file = URL(fileURLWithPath: "\(path)/\(name)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    try body(ContractDirectory(ContractTree(directory: path), mayBeEmpty: true), path)
  }

  private static func everything() throws -> [UInt8] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
    let file = tests.appendingPathComponent("../../../Fixtures/contracts/protobuf-everything.binpb").standardizedFileURL
    return [UInt8](try Data(contentsOf: file))
  }

  @Test(arguments: ["1.binpb", "1.desc"])
  func `a descriptor set is a version, and its sources may lie beside it`(_ name: String) throws {
    let files = ["Placed/\(name)": try Self.everything(), "Placed/1.proto": [], "Placed/items.proto": []]
    try withDirectory(files) { directory, _ in
      #expect(directory.catalogue.faults.isEmpty)
      #expect(directory.catalogue.types.values.map { $0.map(\.version) } == [[1]])
    }
  }

  @Test func `a source that nothing was made from says how to make it`() throws {
    let files = ["Placed/1.binpb": try Self.everything(), "Placed/2.proto": [], "An Other/items.proto": []]
    try withDirectory(files) { directory, path in
      let (one, other) = ("\(path)/Placed", "'\(path)/An Other")
      #expect(
        directory.catalogue.faults.map(\.text) == [
          "violation: \(path)/An Other/items.proto: a .proto file is not read by itself; describe it beside: protoc "
            + "--include_imports --descriptor_set_out=\(other)/1.binpb' --proto_path=\(other)' \(other)/items.proto', "
            + "or buf build \(other)/items.proto' -o \(other)/1.binpb'",
          "violation: \(one)/2.proto: a .proto file is not read by itself; describe it beside: protoc --include_imports "
            + "--descriptor_set_out=\(one)/2.binpb --proto_path=\(one) \(one)/2.proto, or buf build \(one)/2.proto -o "
            + "\(one)/2.binpb",
        ])
    }
  }

  @Test func `rules say whether names count`() throws {
    for (text, rules) in [
      ("", ProtobufRules.wireJSON), ("protobuf: wire_json\n", .wireJSON), ("protobuf: wire\n", .wire),
    ] {
      try withDirectory(["contracts.yaml": Array(text.utf8), "Placed/1.binpb": Self.everything()]) { directory, _ in
        #expect(directory.rules.protobuf == rules && directory.catalogue.faults.isEmpty)
      }
    }
    try withDirectory(["contracts.yaml": Array("protobuf: file\n".utf8), "Placed/1.binpb": Self.everything()]) {
      directory, _ in
      #expect(directory.catalogue.faults.map(\.rule) == ["protobuf: there is no such one"])
    }
  }
}
