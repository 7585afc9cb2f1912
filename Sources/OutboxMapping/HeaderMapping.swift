import IntegrationEvents
import Octets

/// Turns a JSON object of headers into extension attributes.
enum HeaderMapping {
  /// Appends one attribute a member. Keys are folded to lower case and lose `-`, `_` and `.`; a null is left out, text
  /// and booleans keep their type, anything else becomes the text that it is written as. Of equal keys the last counts.
  /// JSON's null instead of an object means no headers.
  ///
  /// Returns how many members could be no attribute; the first of them is an error if such are refused.
  static func map(
    _ bytes: RawSpan, _ range: Range<Int>, taken: Set<String>, refusing: Bool, into event: inout IntegrationEvent
  ) throws(MappingError.Problem) -> Int {
    var headers: [IntegrationEvent.HeaderAttribute] = []
    var (failure, unusable): (MappingError.Problem?, Int) = (nil, 0)
    do {
      try JSONScanner.forEachMember(bytes, range) { key, value, kind in
        guard kind != .null, failure == nil else { return }
        guard let name = attributeName(bytes, key), !taken.contains(name.text) else { return unusable += 1 }
        guard let content = content(bytes, value, kind) else {
          failure = .headersNotAnObject
          return
        }
        headers.append(.init(name: name, value: content))
      }
    } catch {
      guard (try? JSONScanner.validate(bytes, range)) == .null else { throw .headersNotAnObject }
    }
    if let failure { throw failure }
    // The last of each name, in their order.
    var names: Set<AttributeName> = []
    let last = headers.reversed().filter { names.insert($0.name).inserted }
    unusable += headers.count - last.count
    if refusing, unusable > 0 { throw .headerName }
    event.headers.append(contentsOf: last.reversed())
    return unusable
  }

  private static func attributeName(_ bytes: RawSpan, _ key: Range<Int>) -> AttributeName? {
    var text: [UInt8] = []
    guard text.appendUnescaped(bytes, key) else { return nil }
    let folded = String(decoding: text, as: UTF8.self).lowercased().filter { !"-_.".contains($0) }
    return AttributeName(folded)
  }

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
