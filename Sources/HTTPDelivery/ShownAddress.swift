extension String {
  /// A URL as it may be shown: without user, password, query and fragment. What is shown as its host is its host.
  var withoutSecrets: String {
    var url = self[...]
    if let end = url.firstIndex(where: { "?#\\".contains($0) }) { url = url[..<end] }
    guard let scheme = url.firstRange(of: "://") else { return String(url) }
    let rest = url[scheme.upperBound...]
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    guard let at = rest[..<end].lastIndex(of: "@") else { return String(url) }
    return String(url[..<scheme.upperBound] + rest[rest.index(after: at)...])
  }
}
