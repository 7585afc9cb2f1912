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
}
