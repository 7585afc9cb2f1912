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
  private let broken = Mutex(BreachTally())
  private let large = Mutex(BreachTally())

  /// Compiles the contracts.
  ///
  /// - Parameters:
  ///   - catalogue: the contracts.
  ///   - policy: what becomes of an event that breaks its contract.
  ///   - schemaBase: what addresses of schemas begin with: `BASE/TYPE/VERSION`; nil to say none.
  ///   - maxPayload: the most bytes of data that nobody is told of; nil for any.
  ///   - tell: told of an event that leaves though it breaks its contract or is too large: for each type, version and rule
  ///     at first and then at each doubling of their number.
  package init(
    _ catalogue: ContractCatalogue, policy: Policy, schemaBase: String?, maxPayload: Int? = nil,
    tell: @escaping @Sendable (String) -> Void
  ) throws(SchemaFault) {
    contracts = try CompiledContracts(catalogue) { contract in
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
    guard let mismatch = version.validator.mismatch(in: bytes, range) else { return }
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
