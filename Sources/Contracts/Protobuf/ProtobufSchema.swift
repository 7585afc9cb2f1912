// SPDX-License-Identifier: Apache-2.0

/// The message that events of a type carry, with all that its descriptor set describes.
///
/// Data is JSON by Protobuf's JSON mapping, as rows have it. Source: Protocol Buffers, "ProtoJSON Format".
package struct ProtobufSchema: Schema {
  let types: ProtobufTypes
  /// Which message data is.
  let root: Int

  /// Reads a descriptor set.
  ///
  /// - Parameters:
  ///   - text: Its bytes.
  ///   - type: The event's type, by which its message is found.
  package init(_ text: [UInt8], type: String) throws(SchemaFault) {
    var reading = ProtobufReading(text)
    try reading.read()
    types = reading.types
    root = try Self.root(of: types, for: type)
  }

  /// The message of that full name; or that of the name's last part, which must be one; or else the only one of the last file.
  private static func root(of types: ProtobufTypes, for type: String) throws(SchemaFault) -> Int {
    if let found = types.messages.firstIndex(where: { $0.fullName == type }) { return found }
    let own = types.messages.indices.filter {
      types.messages[$0].isOutermost && !types.files[types.messages[$0].file].isImport
    }
    let name = type.split { $0 == "." || $0 == "/" }.last.map(String.init) ?? type
    let named = own.filter { types.messages[$0].name == name }
    if named.count == 1 { return named[0] }
    let last = own.filter { types.messages[$0].file == types.files.count - 1 }
    if named.isEmpty, last.count == 1 { return last[0] }
    let list = (named.isEmpty ? last : named).prefix(6).map { types.messages[$0].fullName }.joined(separator: ", ")
    let shown = ProtobufReading.shown(name)
    throw SchemaFault(
      "", named.isEmpty ? "there is no message \(shown) in it" : "there are several messages \(shown) in it",
      advice: list.isEmpty
        ? "declare a message \(shown)" : "name the directory by the full name of one, or a message so: \(list)")
  }

  /// The full name of the message.
  package var name: String { types.messages[root].fullName }

  package var remarks: [SchemaRemark] { [] }

  /// Whether both describe the same messages, enums, extensions and methods, in whatever order and files.
  package func isSame(as other: Self) -> Bool { name == other.name && types.inOrder == other.types.inOrder }

  package func obstacles(reading writer: Self, effort: inout Effort) -> [Obstacle] {
    obstacles(reading: writer, rules: .wireJSON, isOlder: false, isStrict: false, effort: &effort)
  }

  /// What keeps a reader who has this schema from reading what was written with another.
  ///
  /// - Parameters:
  ///   - writer: The other.
  ///   - rules: What is read.
  ///   - isOlder: Whether the reader's is the older one: then fields that it lacks were added, and are left out when read.
  ///   - isStrict: Whether an older reader refuses fields that it lacks, as JSON is read where nothing else is said.
  ///   - effort: What may be spent; less what was spent.
  func obstacles(
    reading writer: Self, rules: ProtobufRules, isOlder: Bool, isStrict: Bool, effort: inout Effort
  ) -> [Obstacle] {
    var comparison = ProtobufComparison(self, writer, rules, isOlder: isOlder, isStrict: isStrict)
    let obstacles = comparison.obstacles()
    effort.spend(comparison.spent)
    return obstacles
  }

  /// The rules that another version breaks, with their places, for whoever compares this with `buf`.
  package func judged(reading writer: Self, rules: ProtobufRules) -> [String] {
    var effort = Effort.unlimited
    return obstacles(reading: writer, rules: rules, isOlder: false, isStrict: false, effort: &effort)
      .map { "\($0.path) \($0.rule)" }
  }

  package var largest: LargestData { ProtobufLargest.of(self) }

  package func validator() throws(SchemaFault) -> any PayloadValidator { ProtobufValidator(self) }
}
