// SPDX-License-Identifier: Apache-2.0

/// The header fields of a request by their names in lower case, counted first.
struct FieldTable {
  private let values: [String: [String]]

  init(_ request: WebhookRequest, _ limits: WebhookLimits) throws(WebhookRefusal) {
    guard request.fields.count <= limits.fieldCount else {
      throw WebhookRefusal(.malformed, "there are more than \(limits.fieldCount) header fields")
    }
    var bytes = 0
    var values: [String: [String]] = [:]
    for field in request.fields {
      bytes += field.name.utf8.count + field.value.utf8.count
      guard bytes <= limits.fieldBytes else {
        throw WebhookRefusal(.malformed, "the header fields take more than \(limits.fieldBytes) bytes")
      }
      values[field.name.lowercasedInASCII, default: []].append(field.value.withoutBlanks)
    }
    self.values = values
  }

  /// The value of a field that may be there once; nil when it is not there.
  func value(_ name: String, _ kind: WebhookRefusal.Kind = .malformed) throws(WebhookRefusal) -> String? {
    guard let found = values[name] else { return nil }
    guard found.count == 1 else { throw WebhookRefusal(kind, "\(name) is there more than once") }
    return found[0]
  }

  /// The names that begin so, sorted.
  func names(prefix: String) -> [String] { values.keys.filter { $0.hasPrefix(prefix) }.sorted() }
}

extension String {
  /// With `a` to `z` for `A` to `Z`, and nothing else another: what other scripts have that becomes an ASCII letter is none.
  var lowercasedInASCII: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// Without the blanks and tabs around it.
  var withoutBlanks: String {
    let start = drop { $0 == " " || $0 == "\t" }
    guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return String(start[...last])
  }
}
