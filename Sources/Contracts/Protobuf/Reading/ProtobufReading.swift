// SPDX-License-Identifier: Apache-2.0

/// Reads a descriptor set, as `protoc` and `buf` write it. Source: `google/protobuf/descriptor.proto`.
///
/// What it holds at most is bounded: parts in all, types within each other. Whatever the bytes are, it ends with types that
/// are whole, or says what is wrong.
struct ProtobufReading {
  /// Types within each other.
  private static let deepest = 32
  /// Messages, fields, enums, their values and methods in all.
  private static let mostElements = 200_000

  /// How to make what can be read.
  static let makeIt =
    "make it with protoc --include_imports --descriptor_set_out=1.binpb 1.proto, or with buf build 1.proto -o 1.binpb"

  let text: [UInt8]
  var types = ProtobufTypes()
  /// Where each name leads: messages from 0, enums below it.
  var numbers: [String: Int] = [:]
  /// The numbers of enums' values, of those that were looked for.
  var valueNumbers: [Int: [String: Int]] = [:]
  /// Fields that may be read yet.
  var work = 2_000_000
  private var elements = 0

  init(_ text: [UInt8]) { self.text = text }

  /// Reads all.
  mutating func read() throws(SchemaFault) {
    let files = try parts(0..<text.count, [1]).messages(1)
    guard !files.isEmpty else {
      throw SchemaFault("", "it describes no file", advice: Self.makeIt)
    }
    for file in files { try read(file: file) }
    try resolve()
    try Self.checkOnce(types.files.map(\.name))
    try Self.checkOnce(types.methods.map(\.fullName))
    try Self.checkOnce(types.extensions.map(\.name))
    try Self.checkOnce(types.extensions.map { "the extension \($0.number) of \($0.extendee ?? "")" })
  }

  mutating func parts(_ range: Range<Int>, _ numbers: Set<Int>) throws(SchemaFault) -> ProtobufParts {
    try ProtobufParts(text, range, numbers, work: &work)
  }

  private mutating func read(file range: Range<Int>) throws(SchemaFault) {
    let parts = try parts(range, [1, 2, 4, 5, 6, 7, 8, 12, 14, 8042])
    let name = try parts.text(1) ?? ""
    let edition: Int
    switch try parts.text(12) ?? "" {
    case "", "proto2": edition = ProtobufFeatures.proto2
    case "proto3": edition = ProtobufFeatures.proto3
    case "editions": edition = parts.integer(14) ?? 0
    default: edition = 0
    }
    guard var features = ProtobufFeatures(edition: edition) else {
      throw SchemaFault(
        "", "\(Self.shown(name)) is of a syntax or an edition that is not known",
        advice: "write it as proto2, proto3 or edition 2023 or 2024")
    }
    try apply(parts.messages(8), 50, to: &features)
    let package = try parts.text(2) ?? ""
    guard package.isEmpty || package.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(Self.isName)
    else { throw Self.fault(package, in: name) }
    var isImport = false
    for range in parts.messages(8042) { isImport = try self.parts(range, [1]).flag(1) }
    types.files.append(ProtobufFile(name: name, package: package, isImport: isImport))
    let scope = package.isEmpty ? "" : package + "."
    for range in parts.messages(4) { try read(message: range, in: scope, features, depth: 0) }
    for range in parts.messages(5) { try read(enumeration: range, in: scope, features) }
    for range in parts.messages(6) { try read(service: range, in: scope) }
    for range in parts.messages(7) {
      types.extensions.append(try read(field: range, in: scope, [], features, isExtension: true))
    }
  }

  private mutating func read(
    message range: Range<Int>, in scope: String, _ features: ProtobufFeatures, depth: Int
  ) throws(SchemaFault) {
    let parts = try parts(range, [1, 2, 3, 4, 6, 7, 8, 9, 10])
    let name = try name(parts, in: scope)
    guard depth < Self.deepest else {
      throw SchemaFault(
        "/" + scope + name, "more than \(Self.deepest) messages are declared within each other",
        advice: "declare the inner ones beside the others")
    }
    var features = features
    try apply(parts.messages(7), 12, to: &features)
    var message = ProtobufMessage(fullName: scope + name, name: name, file: types.files.count - 1)
    message.allowsJSON = features.allowsJSON
    message.isOutermost = depth == 0
    for range in parts.messages(7) { message.isMapEntry = try self.parts(range, [7]).flag(7) || message.isMapEntry }
    message.reservedNames = Set(try parts.texts(10))
    // The end is not of it.
    message.reservedNumbers = try ranges(parts.messages(9), endsBefore: true)
    let oneofs = try oneofs(parts.messages(8))
    let inner = message.fullName + "."
    for range in parts.messages(2) {
      message.fields.append(try read(field: range, in: inner, oneofs, features, isExtension: false))
    }
    try add(message.fullName, types.messages.count)
    try check(message)
    types.messages.append(message)
    for range in parts.messages(3) { try read(message: range, in: inner, features, depth: depth + 1) }
    for range in parts.messages(4) { try read(enumeration: range, in: inner, features) }
    for range in parts.messages(6) {
      types.extensions.append(try read(field: range, in: inner, [], features, isExtension: true))
    }
  }

  private mutating func oneofs(_ ranges: [Range<Int>]) throws(SchemaFault) -> [String] {
    var names: [String] = []
    for range in ranges { names.append(try parts(range, [1]).text(1) ?? "") }
    return names
  }

  /// Takes over the features that options have.
  mutating func apply(
    _ options: [Range<Int>], _ number: Int, to features: inout ProtobufFeatures
  ) throws(SchemaFault) {
    for range in options {
      for features_ in try parts(range, [number]).messages(number) {
        features.apply(try parts(features_, [1, 2, 3, 5, 6]))
      }
    }
  }

  mutating func ranges(_ ranges: [Range<Int>], endsBefore: Bool) throws(SchemaFault) -> [ClosedRange<Int>] {
    var found: [ClosedRange<Int>] = []
    for range in ranges {
      let parts = try parts(range, [1, 2])
      let (start, end) = (parts.integer(1) ?? 0, (parts.integer(2) ?? 0) - (endsBefore ? 1 : 0))
      guard start <= end else { throw SchemaFault("", "a reserved range ends before it begins", advice: Self.makeIt) }
      found.append(start...end)
    }
    return found
  }

  /// Takes note of a name that there must be once.
  mutating func add(_ fullName: String, _ number: Int) throws(SchemaFault) {
    guard numbers.updateValue(number, forKey: fullName) == nil else {
      throw SchemaFault("/\(fullName)", "\(fullName) is there twice", advice: "take one of them out")
    }
  }

  /// The name of what is described.
  mutating func name(_ parts: ProtobufParts, in scope: String) throws(SchemaFault) -> String {
    elements += 1
    guard elements <= Self.mostElements else {
      throw SchemaFault(
        "", "it describes more than \(Self.mostElements) messages, fields and values",
        advice: "leave out what events do not carry")
    }
    let name = try parts.text(1) ?? ""
    guard Self.isName(name[...]) else { throw Self.fault(name, in: scope) }
    return name
  }

  private static func checkOnce(_ names: [String]) throws(SchemaFault) {
    var known: Set<String> = []
    for name in names where !known.insert(name).inserted {
      throw SchemaFault("", "\(shown(name)) is there twice", advice: "take one of them out")
    }
  }

  static func isName(_ name: Substring) -> Bool {
    guard (1...512).contains(name.utf8.count), let first = name.utf8.first, !(0x30...0x39).contains(first) else {
      return false
    }
    return name.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
    }
  }

  private static func fault(_ name: String, in scope: String) -> SchemaFault {
    SchemaFault("", "\(shown(name)) in \(shown(scope)) is no name", advice: makeIt)
  }
}
