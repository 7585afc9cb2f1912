// SPDX-License-Identifier: Apache-2.0

extension String {
  /// A URL, or a reference to one, as it may be shown: without user, password, parameters, query and fragment. What is shown as
  /// its host is its host. Source: RFC 3986, sections 3.2, 3.3 and 4.2.
  package var withoutSecrets: String {
    let end = firstIndex { "?#\\".contains($0) } ?? endIndex
    let pieces = self[..<end].split(separator: "/", omittingEmptySubsequences: false)
    return pieces.indices.map { index in
      var piece = pieces[index]
      // Behind two slashes, wherever they are, stands a host; and one may stand at the beginning.
      let isBehindSlashes = index > 1 && pieces[index - 1].isEmpty
      if index == 0 || isBehindSlashes {
        if let at = piece.lastIndex(of: "@") { piece = piece[piece.index(after: at)...] }
        if isBehindSlashes, let colon = piece.firstIndex(of: ":"), !piece.hasPrefix("["),
          !piece[colon...].dropFirst().allSatisfy({ ("0"..."9").contains($0) })
        {
          // That is no port.
          piece = piece[..<colon]
        }
      }
      return String(piece.prefix { $0 != ";" })
    }.joined(separator: "/")
  }
}
