// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import Synchronization

/// The contracts of a catalogue, compiled and found by an event's type and version in place.
struct CompiledContracts: Sendable {
  /// One version of one type.
  final class Version: Sendable {
    let name: [UInt8]
    /// Which one it is, for people.
    let place: String
    /// Its file, for people.
    let file: String
    let validator: any PayloadValidator
    private let acceptor: Acceptor?
    private let known = Mutex(KnownForms())
    let schema: DataSchema?
    /// How its data is encoded; nil where that leaves as it is.
    let encoding: ContractEncoding?

    init(_ contract: Contract, schema: DataSchema?, _ rules: EncodingRules?) throws(SchemaFault) {
      name = Array("\(contract.version)".utf8)
      place = "\(ForeignText(contract.type)) \(contract.version)"
      file = contract.file
      validator = try contract.schema.validator()
      encoding = try rules.map { (rules) throws(SchemaFault) in try CompiledContracts.encoding(of: contract, rules) }
      if let avro = contract.schema as? AvroSchema, encoding?.isNarrower == true {
        acceptor = Acceptor(avro, isExact: true).ifOfUse()
      } else {
        acceptor = validator.acceptor()
      }
      self.schema = schema
    }

    /// Whether it is sure at first sight that data matches.
    func accepts(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
      guard let acceptor else { return false }
      return known.withLock { $0.accept(bytes, range, by: acceptor) }
    }
  }

  private final class Kind: Sendable {
    let name: [UInt8]
    /// The newest last; never empty.
    let versions: [Version]

    init(_ name: [UInt8], _ versions: [Version]) { (self.name, self.versions) = (name, versions) }
  }

  private var kinds: [Kind] = []
  /// By the checksums of names; one whose place is taken is at the next that is free. -1 where there is none.
  private var slots: [Int]

  /// Compiles all.
  ///
  /// - Parameters:
  ///   - catalogue: The contracts.
  ///   - rules: How data is encoded; nil where it leaves as it is.
  ///   - schema: What `dataschema` says of one.
  init(
    _ catalogue: ContractCatalogue, _ rules: EncodingRules? = nil, schema: (Contract) -> DataSchema?
  ) throws(SchemaFault) {
    var size = 4
    while size < 2 * catalogue.types.count { size *= 2 }
    slots = Array(repeating: -1, count: size)
    for (type, contracts) in catalogue.types.inOrder where !contracts.isEmpty {
      var versions: [Version] = []
      for contract in contracts { versions.append(try Version(contract, schema: schema(contract), rules)) }
      let name = Array(type.raw.utf8)
      var slot = unsafe Self.slot(name.span.bytes, 0..<name.count, size)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = kinds.count
      kinds.append(Kind(name, versions))
    }
  }

  /// The contract of an event: that of its version, or the newest of its type.
  func version(_ event: borrowing IntegrationEvent, _ bytes: RawSpan) throws(Breach) -> Version {
    try version(event.dataVersion, of: event.type, bytes)
  }

  /// The same, by the names of both.
  func version(_ name: Range<Int>, of type: Range<Int>, _ bytes: RawSpan) throws(Breach) -> Version {
    try version(of: kind(type, bytes), name, bytes)
  }

  /// All that data of an event may be that is encoded already: by its version, or by any of its type where it names none.
  func versions(_ event: borrowing IntegrationEvent, _ bytes: RawSpan) throws(Breach) -> [Version] {
    guard event.dataVersion.isEmpty else { return [try version(event, bytes)] }
    return try kind(event.type, bytes).versions
  }

  @inline(__always)
  private func kind(_ type: Range<Int>, _ bytes: RawSpan) throws(Breach) -> Kind {
    var slot = Self.slot(bytes, type, slots.count)
    while slots[slot] >= 0 {
      let kind = kinds[slots[slot]]
      if Self.equal(kind.name, bytes, type) { return kind }
      slot = (slot + 1) & (slots.count - 1)
    }
    throw .unknownType(type, bytes)
  }

  private func version(of kind: Kind, _ name: Range<Int>, _ bytes: RawSpan) throws(Breach) -> Version {
    for version in kind.versions.reversed() where name.isEmpty || Self.equal(version.name, bytes, name) {
      return version
    }
    throw .unknownVersion(name, bytes, among: kind.versions.map(\.name))
  }

  /// How data of one is encoded; what is wrong is told with its place, since all are compiled together.
  static func encoding(of contract: Contract, _ rules: EncodingRules) throws(SchemaFault) -> ContractEncoding {
    do throws(SchemaFault) { return try ContractEncoding(contract, rules) } catch {
      // Whoever compiles all of them has to know which one it is.
      let line = error.line.map { ":\($0)" } ?? ""
      let place = error.path.isEmpty ? "" : " \(error.path):"
      throw SchemaFault(
        error.path, line: error.line, "\(contract.file)\(line):\(place) \(error.problem)", advice: error.advice)
    }
  }

  private static func slot(_ bytes: RawSpan, _ range: Range<Int>, _ size: Int) -> Int {
    // Names of types are few and our own: their ends tell most of them apart.
    var word = UInt64(truncatingIfNeeded: range.count)
    if range.count >= 8 {
      word ^= bytes.word(at: range.lowerBound) &* 0x9E37_79B9_7F4A_7C15 ^ bytes.word(at: range.upperBound - 8)
    } else {
      for index in range { word = word << 8 ^ UInt64(bytes.byte(at: index)) }
    }
    return Int(truncatingIfNeeded: word &* 0x9E37_79B9_7F4A_7C15 >> 32) & (size - 1)
  }

  private static func equal(_ expected: [UInt8], _ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    guard expected.count == range.count else { return false }
    var index = 0
    while index &+ 8 <= expected.count {
      guard unsafe expected.span.bytes.word(at: index) == bytes.word(at: range.lowerBound &+ index) else {
        return false
      }
      index &+= 8
    }
    while index < expected.count {
      guard expected[index] == bytes.byte(at: range.lowerBound &+ index) else { return false }
      index &+= 1
    }
    return true
  }
}
