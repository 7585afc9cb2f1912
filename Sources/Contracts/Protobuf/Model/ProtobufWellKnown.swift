// SPDX-License-Identifier: Apache-2.0

/// Messages that have a form of their own in JSON. Source: Protocol Buffers, "ProtoJSON Format".
enum ProtobufWellKnown: String, CaseIterable, Sendable {
  case any = "google.protobuf.Any"
  case timestamp = "google.protobuf.Timestamp"
  case duration = "google.protobuf.Duration"
  case fieldMask = "google.protobuf.FieldMask"
  case structure = "google.protobuf.Struct"
  case value = "google.protobuf.Value"
  case listValue = "google.protobuf.ListValue"
  case double = "google.protobuf.DoubleValue"
  case float = "google.protobuf.FloatValue"
  case int64 = "google.protobuf.Int64Value"
  case uint64 = "google.protobuf.UInt64Value"
  case int32 = "google.protobuf.Int32Value"
  case uint32 = "google.protobuf.UInt32Value"
  case bool = "google.protobuf.BoolValue"
  case string = "google.protobuf.StringValue"
  case bytes = "google.protobuf.BytesValue"

  /// An enum whose one value is JSON's null.
  static let nullValue = "google.protobuf.NullValue"
  /// A message without fields, which has no form of its own, but to some readers within an Any.
  static let empty = "google.protobuf.Empty"

  /// How large it can be; nil where nothing bounds it.
  var largest: LargestData? {
    switch self {
    case .any, .fieldMask, .structure, .value, .listValue, .string, .bytes: nil
    case .timestamp: .bytes(38)
    case .duration: .bytes(26)
    case .double, .float: .bytes(26)
    case .int64, .uint64: .bytes(22)
    case .int32, .uint32: .bytes(13)
    case .bool: .bytes(5)
    }
  }
}
