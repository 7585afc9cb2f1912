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
  /// no headers.
  func map(
    _ bytes: RawSpan, _ range: Range<Int>, into event: inout IntegrationEvent
  ) throws(MappingError.Problem) -> Outcome {
    var headers: [(key: String, header: IntegrationEvent.HeaderAttribute)] = []
    var failure: MappingError.Problem?
    var outcome = Outcome()
    do {
      try JSONScanner.forEachMember(bytes, range) { key, value, kind in
        guard kind != .null, failure == nil else { return }
        let text = Self.text(bytes, key)
        if !ignored.isEmpty, let text, ignored.contains(text) { return }
        guard let text, let name = Self.attributeName(text), !taken.contains(name.text) else {
          return outcome.note(text ?? "")
        }
        guard let content = Self.content(bytes, value, kind) else {
          failure = .headersNotAnObject
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
    AttributeName(text.lowercased().filter { !"-_.".contains($0) })
  }

  /// A key as far as a message shows it.
  fileprivate static func shown(_ key: String) -> String { String(key.prefix(60)) }

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
      return .string(String(decoding: bytes.text(value).utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self))
    }
  }
}

extension HeaderMapping.Outcome {
  fileprivate mutating func note(_ key: String) {
    unusable += 1
    if name == nil { name = HeaderMapping.shown(key) }
  }
}
