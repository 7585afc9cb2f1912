// SPDX-License-Identifier: Apache-2.0

import Octets

/// A URI reference without its fragment, in parts.
///
/// Source: RFC 3986, sections 3 and 5.2.
struct ReferenceURI: Sendable {
  var scheme: String?
  var authority: String?
  var path = ""
  var query: String?

  /// Reads one; what stands behind `#` is given apart.
  ///
  /// It goes by bytes: to Swift, a slash or a sharp before a combining mark is none.
  static func read(_ text: String) -> (ReferenceURI, fragment: String?) {
    let halves = text.utf8.split(separator: UInt8(ascii: "#"), maxSplits: 1, omittingEmptySubsequences: false)
    var uri = ReferenceURI()
    var rest = halves[0]
    if let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest[..<colon].allSatisfy(isSchemeByte),
      let first = rest.first, (0x61...0x7A).contains(first | 0x20)
    {
      uri.scheme = String(Substring(rest[..<colon])).lowercased()
      rest = rest[rest.index(after: colon)...]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      uri.query = String(Substring(rest[rest.index(after: mark)...]))
      rest = rest[..<mark]
    }
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
      uri.authority = String(Substring(rest[..<slash]))
      rest = rest[slash...]
    }
    uri.path = String(Substring(rest))
    return (uri, halves.count > 1 ? String(Substring(halves[1])) : nil)
  }

  private static func isSchemeByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// What a reference means where this is the base.
  func resolving(_ reference: ReferenceURI) -> ReferenceURI {
    var target = reference
    if reference.scheme != nil {
      target.path = Self.withoutDots(reference.path)
      return target
    }
    target.scheme = scheme
    if reference.authority != nil {
      target.path = Self.withoutDots(reference.path)
      return target
    }
    target.authority = authority
    if reference.path.isEmpty {
      target.path = path
      target.query = reference.query ?? query
    } else if reference.path.utf8.first == UInt8(ascii: "/") {
      target.path = Self.withoutDots(reference.path)
    } else if authority != nil, path.isEmpty {
      target.path = Self.withoutDots("/" + reference.path)
    } else {
      let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(Substring(path.utf8[...$0])) } ?? ""
      target.path = Self.withoutDots(directory + reference.path)
    }
    return target
  }

  private static func withoutDots(_ path: String) -> String {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard segments.contains(where: { $0.first == UInt8(ascii: ".") }) else { return path }
    var kept: [Substring.UTF8View] = []
    for (index, segment) in segments.enumerated() {
      let isLast = index == segments.count - 1
      let isParent = segment.elementsEqual("..".utf8)
      if isParent || segment.elementsEqual(".".utf8) {
        if isParent, kept.count > (isAbsolute ? 1 : 0) { kept.removeLast() }
        if isLast { kept.append(Substring().utf8) }
      } else {
        kept.append(segment)
      }
    }
    return kept.map { String(Substring($0)) }.joined(separator: "/")
  }

  /// A fragment with its escapes read; nil when they are none, or make no text.
  static func unescaped(fragment: String) -> String? {
    guard fragment.utf8.contains(UInt8(ascii: "%")) else { return fragment }
    var bytes: [UInt8] = []
    let text = Array(fragment.utf8)
    var offset = 0
    while offset < text.count {
      if text[offset] == UInt8(ascii: "%") {
        guard offset + 2 < text.count, let high = Hexadecimal.value(of: text[offset + 1]),
          let low = Hexadecimal.value(of: text[offset + 2])
        else { return nil }
        bytes.append(UInt8(high) << 4 | UInt8(low))
        offset += 3
      } else {
        bytes.append(text[offset])
        offset += 1
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension ReferenceURI: Hashable {
  /// By bytes, as all that others wrote.
  private var parts: [ForeignText?] { [scheme, authority, path, query].map { $0.map(ForeignText.init) } }

  static func == (left: Self, right: Self) -> Bool { left.parts == right.parts }

  func hash(into hasher: inout Hasher) { hasher.combine(parts) }
}
