// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// How data of one contract is encoded, and what data that is encoded already has to be.
final class ContractEncoding: Sendable {
  private enum Writer: Sendable {
    case avro(AvroEncoder)
    case protobuf(ProtobufEncoder, ProtobufWireCheck)
    case json
  }

  private let writer: Writer
  /// What stands before the data: of a registry, whatever the schema's number is in it.
  let frame: [UInt8]
  let contentType: String
  private let isRegistered: Bool
  /// Whether the registry has been asked.
  private let isKnown: Bool
  /// Whether JSON may match and still not be encoded.
  let isNarrower: Bool

  /// - Throws: That a contract is of another format, or has what cannot be encoded.
  init(_ contract: Contract, _ rules: EncodingRules) throws(SchemaFault) {
    contentType = rules.format.contentType
    var id: UInt32?
    var isKnown = true
    if case .registry(let ids) = rules.framing { (id, isKnown) = (ids?[ContractName(contract)] ?? 0, ids != nil) }
    self.isKnown = isKnown
    isRegistered = id != nil
    var frame = id.map { id in [0] + (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) } } ?? []
    switch (rules.format, contract.schema) {
    case (.avro, let schema as AvroSchema):
      writer = .avro(try AvroEncoder(schema))
      isNarrower = true
      if id == nil { frame = AvroFingerprint.frame(schema.fingerprint) }
    case (.protobuf, let schema as ProtobufSchema):
      writer = .protobuf(ProtobufEncoder(schema), ProtobufWireCheck(schema))
      isNarrower = false
      if id != nil { frame += schema.messageIndexes }
    case (.jsonSchema, is JSONSchema):
      writer = .json
      isNarrower = false
    default:
      throw SchemaFault(
        "", "it is a contract in \(contract.format.words), and data is to be encoded as \(rules.format.rawValue)",
        advice: "write a version of it in \(rules.format.words), or encode as \(contract.format.rawValue)")
    }
    self.frame = frame
  }

  /// Appends data with its frame; what cannot be encoded comes back.
  func append(_ bytes: RawSpan, _ range: Range<Int>, to output: inout [UInt8]) -> Mismatch? {
    output += frame
    switch writer {
    case .avro(let encoder): return encoder.append(bytes, range, to: &output)
    case .protobuf(let encoder, _): return encoder.append(bytes, range, to: &output)
    case .json:
      output.append(bytes, range)
      return nil
    }
  }

  /// Why bytes are not what this contract's data is when it is encoded; nil when they are.
  func problem(of data: [UInt8]) -> String? {
    guard data.starts(with: isKnown ? frame[...] : frame.prefix(1)), data.count >= frame.count else {
      let word = isRegistered ? "id" : "fingerprint"
      return "they do not begin with the \(word) of its schema, as data that is encoded does"
    }
    switch writer {
    case .avro: return nil
    case .protobuf(_, let check):
      return check.accepts(data[frame.count...]) ? nil : "they are no message of its schema"
    case .json: return data.count > frame.count ? nil : "there is nothing behind the id of its schema"
    }
  }
}

extension AvroFingerprint {
  /// What stands before data by itself. Source: Avro 1.12, "Single-object encoding".
  static func frame(_ fingerprint: UInt64) -> [UInt8] {
    [0xC3, 0x01] + (0..<8).map { UInt8(truncatingIfNeeded: fingerprint >> (8 * $0)) }
  }
}

extension Contract {
  /// The format of its file.
  package var format: DataFormat { schema is AvroSchema ? .avro : schema is ProtobufSchema ? .protobuf : .jsonSchema }
}

extension ContractCatalogue {
  /// Every version of every type, in the order of their names.
  package var allContracts: [Contract] { types.inOrder.flatMap(\.value) }

  /// - Throws: That the data of one cannot be encoded, and what is wrong.
  package func checkEncoding(_ rules: EncodingRules) throws(SchemaFault) {
    for contract in allContracts { _ = try CompiledContracts.encoding(of: contract, rules) }
  }

  /// Which contracts' data cannot be encoded so, and why.
  package func findings(encoding format: DataFormat) -> [ContractFinding] {
    allContracts.compactMap { contract in
      do throws(SchemaFault) { _ = try ContractEncoding(contract, EncodingRules(format, .bare)) } catch {
        var finding = ContractFinding(
          .violation, "encoding", file: contract.file, line: error.line, rule: error.problem, advice: error.advice)
        (finding.type, finding.version, finding.path) = (contract.type, contract.version, error.path)
        return finding
      }
      return nil
    }
  }
}
