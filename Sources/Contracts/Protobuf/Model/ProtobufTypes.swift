// SPDX-License-Identifier: Apache-2.0

/// A message.
struct ProtobufMessage: Hashable, Sendable {
  var fullName: String
  var name: String
  var fields: [ProtobufField] = []
  var reservedNumbers: [ClosedRange<Int>] = []
  var reservedNames: Set<String> = []
  /// Whether it only stands for what a map has.
  var isMapEntry = false
  var allowsJSON = true
  /// Whether it stands in no other.
  var isOutermost = true
  /// The number of its file.
  var file: Int
}

/// An enum.
struct ProtobufEnum: Hashable, Sendable {
  struct Value: Hashable, Sendable {
    var name: String
    var number: Int
  }

  var fullName: String
  var name: String
  /// The first one is what stands where nothing does.
  var values: [Value] = []
  var reservedNumbers: [ClosedRange<Int>] = []
  var reservedNames: Set<String> = []
  var isClosed = false
  var allowsJSON = true
}

/// A method of a service.
struct ProtobufMethod: Hashable, Sendable {
  /// With its service's full name.
  var fullName: String
  var request: String
  var response: String
  var streamsRequests: Bool
  var streamsResponses: Bool
  var idempotency: Int
}

/// A file that is described.
struct ProtobufFile: Hashable, Sendable {
  var name: String
  var package: String
  /// Whether `buf` says that it is there for others only.
  var isImport: Bool
}

/// All that a descriptor set describes.
struct ProtobufTypes: Hashable, Sendable {
  var files: [ProtobufFile] = []
  var messages: [ProtobufMessage] = []
  var enums: [ProtobufEnum] = []
  var extensions: [ProtobufField] = []
  var methods: [ProtobufMethod] = []

  /// The same in the order of names and numbers, without what says where something stands.
  var inOrder: ProtobufTypes {
    var types = self
    types.files = []
    for index in types.messages.indices {
      types.messages[index].file = 0
      types.messages[index].fields = Self.inOrder(types.messages[index].fields)
      types.messages[index].reservedNumbers = ProtobufRanges.merged(types.messages[index].reservedNumbers)
    }
    for index in types.enums.indices {
      types.enums[index].reservedNumbers = ProtobufRanges.merged(types.enums[index].reservedNumbers)
    }
    types.messages.sort { $0.fullName < $1.fullName }
    types.enums.sort { $0.fullName < $1.fullName }
    types.extensions = Self.inOrder(types.extensions).sorted { $0.name < $1.name }
    types.methods.sort { $0.fullName < $1.fullName }
    return types
  }

  private static func inOrder(_ fields: [ProtobufField]) -> [ProtobufField] {
    fields.map { field in
      var field = field
      field.type = -1
      return field
    }.sorted { $0.number < $1.number }
  }
}
