// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Turns a JSON object of headers into extension attributes.
struct HeaderMapping {
  /// Attribute names that are taken.
  let taken: Set<String>
  /// Keys that are left out without a word.
  let ignored: Set<String>
  /// What to do about a key that can be no attribute.
  let policy: ChangePolicy

  /// What came of an object.
  struct Outcome {
    /// How many members could be no attribute.
    var unusable = 0
    /// The first of these keys.
    var name: String?
  }

  /// Appends one attribute a member. Keys are folded to lower case and lose `-`, `_` and `.`; a null is left out, text
  /// and booleans keep their type, anything else becomes the text that it is written as. Of equal keys the last counts;
  /// different ones that become one name are an error, for nobody knows which is meant. JSON's null instead of an object means
  /// no headers. An object that has more members than an event could use is an error.
  func map(
    _ bytes: RawSpan, _ range: Range<Int>, into event: inout IntegrationEvent
  ) throws(MappingError.Problem) -> Outcome {
    var headers: [(key: String, header: IntegrationEvent.HeaderAttribute)] = []
    var failure: MappingError.Problem?
    var outcome = Outcome()
    var members = 0
    do {
      try JSONScanner.forEachMember(bytes, range) { key, value, kind in
        members += 1
        if members > MappingConfiguration.mostMembers { failure = failure ?? .tooManyMembers }
        guard kind != .null, failure == nil else { return }
        let text = Self.text(bytes, key)
        if !ignored.isEmpty, let text, ignored.contains(text) { return }
        guard let text, let name = Self.attributeName(text), !taken.contains(name.text) else {
          return outcome.note(text ?? "")
        }
        guard let content = Self.content(bytes, value, kind) else {
          failure = .headerText(Self.shown(text))
          return
        }
        headers.append((text, .init(name: name, value: content)))
      }
    } catch {
      guard (try? JSONScanner.validate(bytes, range)) == .null else { throw .headersNotAnObject }
    }
    if let failure { throw failure }
    // The last of each name, in their order.
    var names: [AttributeName: String] = [:]
    var last: [IntegrationEvent.HeaderAttribute] = []
    for (key, header) in headers.reversed() {
      guard let other = names.updateValue(key, forKey: header.name) else {
        last.append(header)
        continue
      }
      if other != key, policy != .ignore { throw .headerClash(Self.shown(key)) }
      outcome.note(key)
    }
    if policy == .fail, let name = outcome.name { throw .headerName(name) }
    event.headers.append(contentsOf: last.reversed())
    return outcome
  }

  private static func text(_ bytes: RawSpan, _ key: Range<Int>) -> String? {
    var text: [UInt8] = []
    guard text.appendUnescaped(bytes, key) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }

  private static func attributeName(_ text: String) -> AttributeName? {
    // By bytes: a key may be long, and no other letters can be part of a name.
    let kept = text.utf8.lazy.filter { !"-_.".utf8.contains($0) }.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    return AttributeName(String(decoding: Array(kept), as: UTF8.self))
  }

  /// A key as far as a message shows it.
  fileprivate static func shown(_ key: String) -> String { ForeignText(key).prefix(60).raw }

  private static func content(
    _ bytes: RawSpan, _ value: Range<Int>, _ kind: JSONScanner.Kind
  ) -> IntegrationEvent.HeaderAttribute.Value? {
    switch kind {
    case .boolean: return .boolean(bytes.byte(at: value.lowerBound) == UInt8(ascii: "t"))
    case .string:
      var text: [UInt8] = []
      guard text.appendUnescaped(bytes, (value.lowerBound + 1)..<(value.upperBound - 1)) else { return nil }
      return .string(String(decoding: text, as: UTF8.self))
    default:
      // Control characters stand only between tokens; CloudEvents forbids them.
      var text: [UInt8] = []
      text.append(bytes, value)
      for index in text.indices where text[index] < 0x20 { text[index] = 0x20 }
      return .string(String(decoding: text, as: UTF8.self))
    }
  }
}

extension HeaderMapping.Outcome {
  fileprivate mutating func note(_ key: String) {
    unusable += 1
    if name == nil { name = HeaderMapping.shown(key) }
  }
}
