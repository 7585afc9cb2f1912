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

  private struct Version: Sendable {
    let name: [UInt8]
    /// Which one it is, for people.
    let place: String
    let validator: any PayloadValidator
    /// `dataschema`.
    let schema: String?
  }

  private struct Entry: Sendable {
    let type: [UInt8]
    /// The newest last.
    let versions: [Version]
  }

  /// By the checksum of their types.
  private let entries: [UInt64: [Entry]]
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
    var entries: [UInt64: [Entry]] = [:]
    for (type, contracts) in catalogue.types {
      var versions: [Version] = []
      for contract in contracts {
        let schema = schemaBase.map { "\($0)/\(Self.encoded(type))/\(contract.version)" }
        versions.append(
          Version(
            name: Array("\(contract.version)".utf8), place: "\(ForeignText(type)) \(contract.version)",
            validator: try contract.schema.validator(), schema: schema))
      }
      let bytes = Array(type.utf8)
      entries[unsafe XXH64.hash(bytes.span.bytes), default: []].append(Entry(type: bytes, versions: versions))
    }
    (self.entries, self.policy, self.tell) = (entries, policy, tell)
    self.maxPayload = maxPayload ?? .max
  }

  /// How many events have left that break their contracts.
  package var brokenEvents: Int { broken.withLock(\.self) }

  package func payload(
    of event: borrowing IntegrationEvent, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReplacedPayload? {
    do throws(PayloadRefusal) {
      let version = try version(event, bytes)
      try check(event, bytes, version)
      lookAtSize(event, version)
      guard let schema = version.schema, event.dataSchema.isEmpty else { return nil }
      return ReplacedPayload(.row, schema: schema)
    } catch {
      guard policy == .warn else { throw error }
      tellSparsely(broken, "an event leaves that breaks its contract: \(error.reason)")
      return nil
    }
  }

  private func lookAtSize(_ event: borrowing IntegrationEvent, _ version: Version) {
    switch event.payload {
    case .json(let range), .uncheckedJSON(let range):
      guard range.count > maxPayload else { return }
      tellSparsely(
        large,
        "an event leaves whose data is larger than max-payload: \(ByteCount(range.count)) by \(version.place)")
    case .none, .text, .hexadecimal: return
    }
  }

  private func tellSparsely(_ number: borrowing Mutex<Int>, _ words: @autoclosure () -> String) {
    let count = number.withLock { count in
      count += 1
      return count
    }
    if count & (count - 1) == 0 { tell("\(words()) (\(count) so far)") }
  }

  private func version(_ event: borrowing IntegrationEvent, _ bytes: RawSpan) throws(PayloadRefusal) -> Version {
    let found = entries[XXH64.hash(bytes.extracting(event.type))]
    let entry = found?.first { Self.equal($0.type, bytes, event.type) }
    guard let entry, let newest = entry.versions.last else {
      throw PayloadRefusal("there is no contract for its type")
    }
    guard !event.dataVersion.isEmpty else { return newest }
    guard let version = entry.versions.last(where: { Self.equal($0.name, bytes, event.dataVersion) }) else {
      throw PayloadRefusal("its type has no contract of its dataversion")
    }
    return version
  }

  private func check(
    _ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ version: Version
  ) throws(PayloadRefusal) {
    switch event.payload {
    case .json(let range), .uncheckedJSON(let range):
      guard let mismatch = version.validator.mismatch(in: bytes, range) else { return }
      let place = mismatch.pointer.isEmpty ? "its data" : "its data at \(ForeignText(mismatch.pointer))"
      throw PayloadRefusal("\(place) breaks its contract: \(ForeignText(mismatch.rule))")
    case .none: throw PayloadRefusal("it has no data, and its contract wants some")
    case .text: throw PayloadRefusal("its data is text that is not called JSON")
    case .hexadecimal: throw PayloadRefusal("its data is bytes, and its contract is of JSON")
    }
  }

  private static func equal(_ expected: [UInt8], _ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    guard expected.count == range.count else { return false }
    var offset = range.lowerBound
    for byte in expected {
      guard bytes.byte(at: offset) == byte else { return false }
      offset += 1
    }
    return true
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
