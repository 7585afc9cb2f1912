// SPDX-License-Identifier: Apache-2.0

package import IntegrationEvents
import Octets
import Synchronization

/// Holds what events carry to their contracts before they leave.
///
/// An event's contract is that of its type and its `dataversion`, or the newest of its type where it has none.
package final class ContractHook: PayloadHook {
  /// What becomes of an event that breaks its contract.
  package enum Policy: String, CaseIterable, Hashable, Sendable {
    /// It does not leave: the relay stops, or it becomes a dead letter.
    case reject
    /// It leaves, and is told and counted.
    case warn
  }

  private let contracts: CompiledContracts
  private let policy: Policy
  private let tell: @Sendable (String) -> Void
  private let maxPayload: Int
  private let isEncoding: Bool
  private let broken = Mutex(BreachTally())
  private let large = Mutex(BreachTally())

  /// Compiles the contracts.
  ///
  /// - Parameters:
  ///   - catalogue: the contracts.
  ///   - policy: what becomes of an event that breaks its contract.
  ///   - schemaBase: what addresses of schemas begin with: `BASE/TYPE/VERSION`; nil to say none.
  ///   - rules: how data is encoded where it leaves; nil where it leaves as it is.
  ///   - maxPayload: the most bytes of data that nobody is told of; nil for any.
  ///   - tell: told of an event that leaves though it breaks its contract or is too large: for each type, version and rule
  ///     at first and then at each doubling of their number.
  package init(
    _ catalogue: ContractCatalogue, policy: Policy, schemaBase: String?, encoding rules: EncodingRules? = nil,
    maxPayload: Int? = nil, tell: @escaping @Sendable (String) -> Void
  ) throws(SchemaFault) {
    isEncoding = rules != nil
    contracts = try CompiledContracts(catalogue, rules) { contract in
      schemaBase.flatMap { DataSchema("\($0)/\(Self.encoded(contract.type))/\(contract.version)") }
    }
    (self.policy, self.tell) = (policy, tell)
    self.maxPayload = maxPayload ?? .max
  }

  /// How many events have left that break their contracts.
  package var brokenEvents: Int { broken.withLock(\.total) }

  package func payload(
    of event: borrowing IntegrationEvent, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReplacedPayload? {
    do throws(Breach) {
      if isEncoding, case .hexadecimal(let range) = event.payload { return try encoded(event, bytes, range) }
      let version = try contracts.version(event, bytes)
      let mustSay = try check(event, bytes, version)
      let schema = event.dataSchema.isEmpty ? version.schema : nil
      return mustSay || schema != nil ? ReplacedPayload(.row(isJSON: true), schema: schema) : nil
    } catch {
      guard policy == .warn else { throw error.refusal(of: event, bytes) }
      let kind = BreachTally.Kind(event, bytes, error.rule)
      tellSparsely(
        broken, kind, "an event leaves that breaks its contract: \(Breach.name(of: event, bytes)): \(error.reason)",
        others: "events leave that break their contracts in further ways, the last one:")
      return nil
    }
  }

  /// Holds data that is encoded already to what it has to be. The newest version that it fits says what it is.
  private func encoded(
    _ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ range: Range<Int>
  ) throws(Breach) -> ReplacedPayload? {
    let versions = try contracts.versions(event, bytes)
    guard let newest = versions.last else { throw .unknownType(event.type, bytes) }
    var digits: [UInt8] = []
    digits.append(bytes, range)
    guard digits.starts(with: #"\x"#.utf8), let data = Hexadecimal.decode(digits.dropFirst(2)) else {
      throw .encoded("they are not in bytea's hexadecimal form", newest.file)
    }
    var problem: String?
    for version in versions.reversed() {
      guard let encoding = version.encoding else { continue }
      guard let found = encoding.problem(of: data) else {
        return ReplacedPayload(
          .row(isJSON: false), contentType: encoding.contentType,
          schema: event.dataSchema.isEmpty ? version.schema : nil)
      }
      problem = problem ?? found
    }
    throw .encoded(problem ?? "", newest.file)
  }

  package var encoding: (any DataEncoding)? { isEncoding ? self : nil }

  package func closingWords() -> String? {
    let (broken, large) = (broken.withLock(\.self), large.withLock(\.self))
    let words = [
      broken.total > 0 ? "\(broken.total) events left that break their contracts: \(broken.words)" : nil,
      large.total > 0 ? "\(large.total) events left whose data is larger than max-payload: \(large.words)" : nil,
    ].compactMap(\.self)
    return words.isEmpty ? nil : words.joined(separator: "; ")
  }

  private func tellSparsely(
    _ tally: borrowing Mutex<BreachTally>, _ kind: BreachTally.Kind, _ words: @autoclosure () -> String, others: String
  ) {
    let (count, isKnown) = tally.withLock { $0.add(kind) }
    guard count & (count - 1) == 0 else { return }
    tell("\(isKnown ? "" : "\(others) ")\(words()) (\(count) so far)")
  }

  /// Holds data to its contract. Tells whether nobody knew that it is JSON.
  private func check(
    _ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ version: CompiledContracts.Version
  ) throws(Breach) -> Bool {
    switch event.payload {
    case .json(let range):
      try check(event, bytes, range, version)
      return false
    case .uncheckedJSON(let range):
      try check(event, bytes, range, version)
      return true
    case .none: throw .noData(version.file)
    case .text: throw .text(version.file)
    case .hexadecimal: throw .bytes(version.file)
    }
  }

  @inline(__always)
  private func check(
    _ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ range: Range<Int>, _ version: CompiledContracts.Version
  ) throws(Breach) {
    if !version.accepts(bytes, range) { try lookClosely(bytes, range, version) }
    if range.count > maxPayload { tellLarge(event, bytes, range, version) }
  }

  @inline(never)
  private func tellLarge(
    _ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ range: Range<Int>, _ version: CompiledContracts.Version
  ) {
    tellSparsely(
      large, BreachTally.Kind(event, bytes, ""),
      "an event leaves whose data is larger than max-payload: \(ByteCount(range.count)) by \(version.place)",
      others: "of further types,")
  }

  private func lookClosely(
    _ bytes: RawSpan, _ range: Range<Int>, _ version: CompiledContracts.Version
  ) throws(Breach) {
    let mismatch: Mismatch?
    if let encoding = version.encoding, encoding.isNarrower {
      // What matches may still be what the encoding does not hold.
      var output: [UInt8] = []
      mismatch = encoding.append(bytes, range, to: &output)
    } else {
      mismatch = version.validator.mismatch(in: bytes, range)
    }
    guard let mismatch else { return }
    throw .mismatch(at: mismatch.pointer, mismatch.rule, version.file)
  }

  /// With `%XX` for whatever a segment of a path cannot hold. Source: RFC 3986, section 2.3.
  static func encoded(_ type: String) -> String {
    var text = ""
    for byte in type.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        text.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return text
  }
}

extension ContractHook: DataEncoding {
  package func encoded(
    _ data: Range<Int>, type: Range<Int>, version: Range<Int>, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReencodedData {
    do throws(Breach) {
      let contract = try contracts.version(version, of: type, bytes)
      guard let encoding = contract.encoding else { throw .bytes(contract.file) }
      var output: [UInt8] = []
      output.reserveCapacity(data.count)
      if let mismatch = encoding.append(bytes, data, to: &output) {
        throw .mismatch(at: mismatch.pointer, mismatch.rule, contract.file)
      }
      return ReencodedData(output, contentType: encoding.contentType)
    } catch {
      throw PayloadRefusal(error.reason)
    }
  }
}
