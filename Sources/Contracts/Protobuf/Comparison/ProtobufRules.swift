// SPDX-License-Identifier: Apache-2.0

/// What readers of a Protobuf contract read: the categories are those of `buf breaking`.
package enum ProtobufRules: String, CaseIterable, Hashable, Sendable {
  /// The binary form, and JSON. Default, for rows are JSON.
  case wireJSON = "wire_json"
  /// The binary form alone: names may change.
  case wire
}

/// The rules of `buf breaking` in these categories, by their names.
enum ProtobufRule: String, Sendable {
  case enumSameJSONFormat = "ENUM_SAME_JSON_FORMAT"
  case enumValueNoDeleteUnlessNameReserved = "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"
  case enumValueNoDeleteUnlessNumberReserved = "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED"
  case enumValueSameName = "ENUM_VALUE_SAME_NAME"
  case fieldNoDeleteUnlessNameReserved = "FIELD_NO_DELETE_UNLESS_NAME_RESERVED"
  case fieldNoDeleteUnlessNumberReserved = "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"
  case fieldSameDefault = "FIELD_SAME_DEFAULT"
  case fieldSameJSONName = "FIELD_SAME_JSON_NAME"
  case fieldSameName = "FIELD_SAME_NAME"
  case fieldSameOneof = "FIELD_SAME_ONEOF"
  case fieldWireCompatibleCardinality = "FIELD_WIRE_COMPATIBLE_CARDINALITY"
  case fieldWireJSONCompatibleCardinality = "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY"
  case fieldWireCompatibleType = "FIELD_WIRE_COMPATIBLE_TYPE"
  case fieldWireJSONCompatibleType = "FIELD_WIRE_JSON_COMPATIBLE_TYPE"
  case fileSamePackage = "FILE_SAME_PACKAGE"
  case messageSameJSONFormat = "MESSAGE_SAME_JSON_FORMAT"
  case messageSameRequiredFields = "MESSAGE_SAME_REQUIRED_FIELDS"
  case reservedEnumNoDelete = "RESERVED_ENUM_NO_DELETE"
  case reservedMessageNoDelete = "RESERVED_MESSAGE_NO_DELETE"
  case rpcSameClientStreaming = "RPC_SAME_CLIENT_STREAMING"
  case rpcSameIdempotencyLevel = "RPC_SAME_IDEMPOTENCY_LEVEL"
  case rpcSameRequestType = "RPC_SAME_REQUEST_TYPE"
  case rpcSameResponseType = "RPC_SAME_RESPONSE_TYPE"
  case rpcSameServerStreaming = "RPC_SAME_SERVER_STREAMING"

  /// Whether it counts only where names do, which the binary form has not.
  private static let ofJSON: Set<Self> = [
    .enumSameJSONFormat, .enumValueNoDeleteUnlessNameReserved, .enumValueSameName, .fieldNoDeleteUnlessNameReserved,
    .fieldSameJSONName, .fieldSameName, .fieldWireJSONCompatibleCardinality, .fieldWireJSONCompatibleType,
    .messageSameJSONFormat,
  ]
  private static let ofBinary: Set<Self> = [.fieldWireCompatibleCardinality, .fieldWireCompatibleType]
  /// What a version takes away. To an older reader it is not there, which is well.
  private static let ofHistory: Set<Self> = [
    .enumValueNoDeleteUnlessNameReserved, .enumValueNoDeleteUnlessNumberReserved, .fieldNoDeleteUnlessNameReserved,
    .fieldNoDeleteUnlessNumberReserved, .reservedEnumNoDelete, .reservedMessageNoDelete,
  ]

  /// Whether it holds.
  ///
  /// - Parameters:
  ///   - rules: What is read.
  ///   - isOlder: Whether the reader is the older one.
  func holds(_ rules: ProtobufRules, isOlder: Bool) -> Bool {
    if isOlder, Self.ofHistory.contains(self) { return false }
    return rules == .wire ? !Self.ofJSON.contains(self) : !Self.ofBinary.contains(self)
  }
}
