// SPDX-License-Identifier: Apache-2.0

import Octets

extension SchemaPlaces {
  /// Where a place is, as a JSON Pointer.
  func pointer(_ place: Int) -> String {
    var tokens: [String] = []
    var place = place
    while places[place].parent != place {
      tokens.append(places[place].token)
      place = places[place].parent
    }
    return tokens.reversed().map { "/" + JSONPlace.escaped($0) }.joined()
  }

  /// A fault in a place, or in one of its keywords.
  func fault(_ place: Int, _ keyword: Keyword?, _ problem: String, _ advice: String) -> SchemaFault {
    let suffix = keyword.map { "/" + $0.rawValue } ?? ""
    let line = keyword.flatMap { places[place].document[$0.rawValue]?.line } ?? places[place].document.line
    return SchemaFault(pointer(place) + suffix, line: line, problem, advice: advice)
  }

  /// The schema that a reference in a place leads to.
  mutating func target(of place: Int, _ keyword: Keyword, _ text: String) throws(SchemaFault) -> Int {
    let shown = ForeignText(ForeignText(text).shortened())
    let (reference, fragment) = ReferenceURI.read(text)
    let isOld = places[place].draft == .draft7
    let aside = isOld && places[place].parent == place ? " from within allOf: draft 7 ignores all beside $ref" : ""
    let uri = resources[places[place].resource].uri.resolving(reference)
    if root(of: uri) == nil, let metaschemas = try Metaschemas.files(for: uri) {
      for (name, file) in metaschemas where root(of: name) == nil { try add(file, named: name) }
    }
    guard let root = root(of: uri) else {
      throw fault(
        place, keyword, "\(keyword.rawValue) leaves the file: \(shown)",
        "copy what it refers to into \(isOld ? "definitions" : "$defs"), with its $id, and refer to that" + aside)
    }
    var target = root
    let decoded = fragment.flatMap { ReferenceURI.unescaped(fragment: $0) }
    if let decoded, decoded.utf8.first == UInt8(ascii: "/") {
      // By bytes: to Swift, a slash before a combining mark is no slash.
      for token in decoded.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
        guard let next = child(of: target, Self.unescaped(String(Substring(token)))) else {
          throw fault(
            place, keyword, "\(keyword.rawValue) leads nowhere: \(shown)", "correct the pointer, or add the schema")
        }
        target = next
      }
    } else if let decoded, !decoded.isEmpty {
      guard let found = self.place(anchor: decoded, inResourceAt: root) else {
        throw fault(
          place, keyword, "no schema has the anchor of \(keyword.rawValue): \(shown)",
          isOld
            ? "correct it, or add the $id with the # to the schema that is meant" + aside
            : "correct it, or add the $anchor")
      }
      target = found
    } else if fragment != nil, decoded == nil {
      throw fault(place, keyword, "\(keyword.rawValue) has a wrong escape: \(shown)", "write % with two digits")
    }
    try adopt(target)
    return target
  }

  private static func unescaped(_ token: String) -> String {
    guard token.utf8.contains(UInt8(ascii: "~")) else { return token }
    var unescaped = ""
    var isBehindTilde = false
    for scalar in token.unicodeScalars {
      if isBehindTilde {
        unescaped.unicodeScalars.append(scalar == "0" ? "~" : scalar == "1" ? "/" : scalar)
        isBehindTilde = false
      } else if scalar == "~" {
        isBehindTilde = true
      } else {
        unescaped.unicodeScalars.append(scalar)
      }
    }
    return unescaped
  }
}
