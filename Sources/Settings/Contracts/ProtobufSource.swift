// SPDX-License-Identifier: Apache-2.0

/// A `.proto` file among contracts: the source of a descriptor set, which alone is read.
struct ProtobufSource {
  private let parts: [Substring]
  private let file: String

  /// - Parameters:
  ///   - parts: its name, with that of its directory before it.
  ///   - file: how to name it to people.
  init(_ parts: [Substring], _ file: String) { (self.parts, self.file) = (parts, file) }

  private var isSource: Bool { parts.count == 2 && parts[1].hasSuffix(".proto") }

  /// The version, where it is called by one.
  private var version: Substring? {
    let name = parts[1].dropLast(".proto".count)
    return StrayContract.version("\(name).binpb") == nil ? nil : name
  }

  /// Whether a descriptor set was made from it: that of its version; or, where it is called otherwise, any of its type.
  func isDescribed(in names: [String]) -> Bool {
    guard isSource else { return false }
    if let version {
      return ["binpb", "desc"].contains { names.contains("\(parts[0])/\(version).\($0)") }
    }
    return names.contains { name in
      let own = name.split(separator: "/")
      return own.count == 2 && own[0] == parts[0] && [".binpb", ".desc"].contains { own[1].hasSuffix($0) }
    }
  }

  /// How to make a descriptor set from it.
  var advice: String {
    let directory = file.dropLast(parts[1].count + 1)
    let source = Self.word(file)
    let set = Self.word("\(directory)/\(version ?? "1").binpb")
    return "describe it beside: protoc --include_imports --descriptor_set_out=\(set) "
      + "--proto_path=\(Self.word(String(directory))) \(source), or buf build \(source) -o \(set)"
  }

  /// As a shell reads it for one word.
  private static func word(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "/._-%".utf8.contains($0)
    }
    return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
  }
}
