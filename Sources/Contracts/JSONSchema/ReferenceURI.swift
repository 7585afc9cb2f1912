// SPDX-License-Identifier: Apache-2.0

import Octets

/// A URI reference without its fragment, in parts.
///
/// Source: RFC 3986, sections 3 and 5.2.
struct ReferenceURI: Hashable, Sendable {
  var scheme: String?
  var authority: String?
  var path = ""
  var query: String?

  /// Reads one; what stands behind `#` is given apart.
  static func read(_ text: String) -> (ReferenceURI, fragment: String?) {
    let halves = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    var uri = ReferenceURI()
    var rest = halves[0]
    if let colon = rest.firstIndex(of: ":"), rest[..<colon].utf8.allSatisfy(isSchemeByte), rest.first?.isLetter == true
    {
      uri.scheme = rest[..<colon].lowercased()
      rest = rest[rest.index(after: colon)...]
    }
    if let mark = rest.firstIndex(of: "?") {
      uri.query = String(rest[rest.index(after: mark)...])
      rest = rest[..<mark]
    }
    if rest.hasPrefix("//") {
      rest = rest.dropFirst(2)
      let slash = rest.firstIndex(of: "/") ?? rest.endIndex
      uri.authority = String(rest[..<slash])
      rest = rest[slash...]
    }
    uri.path = String(rest)
    return (uri, halves.count > 1 ? String(halves[1]) : nil)
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
    } else if reference.path.hasPrefix("/") {
      target.path = Self.withoutDots(reference.path)
    } else if authority != nil, path.isEmpty {
      target.path = Self.withoutDots("/" + reference.path)
    } else {
      let directory = path.lastIndex(of: "/").map { path[...$0] } ?? ""
      target.path = Self.withoutDots(directory + reference.path)
    }
    return target
  }

  private static func withoutDots(_ path: String) -> String {
    guard path.contains("/.") || path.hasPrefix(".") else { return path }
    var kept: [Substring] = []
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      let isLast = index == segments.count - 1
      if segment == "." || segment == ".." {
        if segment == "..", kept.count > (path.hasPrefix("/") ? 1 : 0) { kept.removeLast() }
        if isLast { kept.append("") }
      } else {
        kept.append(segment)
      }
    }
    return kept.joined(separator: "/")
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
