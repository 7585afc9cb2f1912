// SPDX-License-Identifier: Apache-2.0

package import Octets

/// In which encoding data leaves, by contracts of the format that has it.
package enum DataFormat: String, CaseIterable, Hashable, Sendable {
  case avro, protobuf
  /// JSON, which only a frame says more of.
  case jsonSchema = "json-schema"

  /// `datacontenttype`. Source of `application/avro`: CloudEvents' Kafka binding, "Binary Content Mode", whose example has it.
  var contentType: String {
    switch self {
    case .avro: "application/avro"
    case .protobuf: "application/protobuf"
    // With a frame before it, it is no JSON.
    case .jsonSchema: "application/octet-stream"
    }
  }

  /// What contracts of it are.
  package var words: String {
    switch self {
    case .avro: "Avro"
    case .protobuf: "Protobuf"
    case .jsonSchema: "JSON Schema"
    }
  }
}

/// A version of a type.
package struct ContractName: Hashable, Sendable {
  package var type: ForeignText
  package var version: Int

  package init(_ contract: Contract) { (type, version) = (ForeignText(contract.type), contract.version) }
}

/// How data is encoded.
package struct EncodingRules: Sendable {
  /// What stands before data, to say by which schema it was written.
  package enum Framing: Sendable {
    /// Nothing before Protobuf; before Avro the schema's fingerprint. Source: Avro 1.12, "Single-object encoding".
    case bare
    /// A zero byte and the id of the schema in a registry, as Confluent's serializers have it; for Protobuf, which message.
    /// Nil where nobody has asked the registry, and nothing is to leave.
    case registry([ContractName: UInt32]?)
  }

  package var format: DataFormat
  package var framing: Framing

  package init(_ format: DataFormat, _ framing: Framing) { (self.format, self.framing) = (format, framing) }
}
