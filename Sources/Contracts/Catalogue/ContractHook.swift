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
  private let broken = Mutex(0)
  private let large = Mutex(0)

  /// Compiles the contracts.
  ///
  /// - Parameters:
  ///   - catalogue: the contracts.
  ///   - policy: what becomes of an event that breaks its contract.
  ///   - schemaBase: what addresses of schemas begin with: `BASE/TYPE/VERSION`; nil to say none.
  ///   - maxPayload: the most bytes of data that nobody is told of; nil for any.
  ///   - tell: told of an event that leaves though it breaks its contract or is too large, at first and then at each
  ///     doubling of their number.
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
  package var brokenEvents: Int { broken.withLock(\.self) }

  package func payload(
    of event: borrowing IntegrationEvent, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReplacedPayload? {
    do throws(PayloadRefusal) {
      let version = try contracts.version(event, bytes)
      let mustSay = try check(event, bytes, version)
      let schema = event.dataSchema.isEmpty ? version.schema : nil
      return mustSay || schema != nil ? ReplacedPayload(.row(isJSON: true), schema: schema) : nil
    } catch {
      guard policy == .warn else { throw error }
      tellSparsely(broken, "an event leaves that breaks its contract: \(error.reason)")
      return nil
    }
  }

  private func tellSparsely(_ number: borrowing Mutex<Int>, _ words: @autoclosure () -> String) {
    let count = number.withLock { count in
      count += 1
      return count
    }
    if count & (count - 1) == 0 { tell("\(words()) (\(count) so far)") }
  }

  /// Holds data to its contract. Tells whether nobody knew that it is JSON.
  private func check(
    _ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ version: CompiledContracts.Version
  ) throws(PayloadRefusal) -> Bool {
    switch event.payload {
    case .json(let range):
      try check(bytes, range, version)
      return false
    case .uncheckedJSON(let range):
      try check(bytes, range, version)
      return true
    case .none: throw PayloadRefusal("it has no data, and its contract wants some")
    case .text: throw PayloadRefusal("its data is text that is not called JSON")
    case .hexadecimal: throw PayloadRefusal("its data is bytes, and its contract is of JSON")
    }
  }

  @inline(__always)
  private func check(
    _ bytes: RawSpan, _ range: Range<Int>, _ version: CompiledContracts.Version
  ) throws(PayloadRefusal) {
    if !version.accepts(bytes, range) { try lookClosely(bytes, range, version) }
    guard range.count > maxPayload else { return }
    tellSparsely(
      large, "an event leaves whose data is larger than max-payload: \(ByteCount(range.count)) by \(version.place)")
  }

  private func lookClosely(
    _ bytes: RawSpan, _ range: Range<Int>, _ version: CompiledContracts.Version
  ) throws(PayloadRefusal) {
    guard let mismatch = version.validator.mismatch(in: bytes, range) else { return }
    let place = mismatch.pointer.isEmpty ? "its data" : "its data at \(ForeignText(mismatch.pointer))"
    throw PayloadRefusal("\(place) breaks its contract: \(ForeignText(mismatch.rule))")
  }

  /// With `%XX` for whatever a segment of a path cannot hold. Source: RFC 3986, section 2.3.
  private static func encoded(_ type: String) -> String {
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
