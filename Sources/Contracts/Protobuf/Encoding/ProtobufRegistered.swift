// SPDX-License-Identifier: Apache-2.0

import Octets

/// What a registry and its readers know a message by.
extension ProtobufSchema {
  /// Which message of its file it is: its place among those that stand beside it, from the outermost inwards; zig-zag, with their
  /// number before them, and the first of a file as a zero alone. Source: Confluent, "Wire format".
  var messageIndexes: [UInt8] {
    var path: [Int] = []
    var name = types.messages[root].fullName
    let all = types.messages.filter { $0.file == types.messages[root].file }
    while let message = all.first(where: { $0.fullName == name }) {
      let parent = message.isOutermost ? nil : String(name.dropLast(message.name.count + 1))
      let siblings = all.filter {
        parent == nil ? $0.isOutermost : !$0.isOutermost && $0.fullName == "\(parent ?? "").\($0.name)"
      }
      path.insert(siblings.firstIndex { $0.fullName == name } ?? 0, at: 0)
      guard let parent else { break }
      name = parent
    }
    if path == [0] { return [0] }
    var output = AvroOutput([])
    for number in [path.count] + path { output.long(Int64(number)) }
    return output.bytes
  }

  /// The description of the message's file by itself, out of its set.
  ///
  /// - Throws: That it imports files that a registry does not have of its own.
  func fileDescription(in text: [UInt8]) throws(SchemaFault) -> ArraySlice<UInt8> {
    let name = types.files[types.messages[root].file].name
    var work = 2_000_000
    for file in try ProtobufParts(text, 0..<text.count, [1], work: &work).messages(1) {
      let parts = try ProtobufParts(text, file, [1, 3], work: &work)
      guard try parts.text(1) == name else { continue }
      if let other = try parts.texts(3).first(where: { !$0.hasPrefix("google/protobuf/") }) {
        throw SchemaFault(
          "", "it imports \(ProtobufReading.shown(other)), and schemas are registered without references to others",
          advice: "declare what it needs in one file")
      }
      return text[file]
    }
    throw SchemaFault("", "its message is in no file of its own", advice: ProtobufReading.makeIt)
  }
}

extension Contract {
  /// What is registered of it, and the word that a registry has for its format.
  package func registered() throws(SchemaFault) -> (schema: String, type: String) {
    switch schema {
    case let schema as ProtobufSchema: (Base64.encode(Array(try schema.fileDescription(in: text))), "PROTOBUF")
    case is AvroSchema: (String(decoding: text, as: UTF8.self), "AVRO")
    default: (String(decoding: text, as: UTF8.self), "JSON")
    }
  }

  /// The full name of what it describes: that of the Avro type or the message; of a JSON Schema its title, or the event's type.
  package var recordName: String {
    switch schema {
    case let schema as ProtobufSchema: schema.name
    case let schema as AvroSchema: schema.types[schema.root.type].name?.full ?? type
    case let schema as JSONSchema:
      if case .string(let title)? = schema.document["title"]?.value, !title.isEmpty { title } else { type }
    default: type
    }
  }
}
