// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets

extension AdminAnswer {
  /// The page for people, which asks for the status and shows it.
  static let document: AdminAnswer = {
    var answer = AdminAnswer(
      200, String(decoding: PackageResources.page_html, as: UTF8.self), type: "text/html; charset=utf-8")
    let (script, style) = (source("script", of: answer.body), source("style", of: answer.body))
    // What does not stand in it is neither run nor shown, and it asks nobody but us.
    answer.policy =
      "default-src 'none'; connect-src 'self'; img-src data:; script-src \(script); style-src \(style); "
      + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return answer
  }()

  /// What a policy calls the one element of a name that a document has. Source: Content Security Policy Level 3, section 2.3.1.
  private static func source(_ name: String, of document: String) -> String {
    guard let start = document.firstRange(of: "<\(name)>"), let end = document.firstRange(of: "</\(name)>"),
      let digest = try? SHA256.digest(Array(document[start.upperBound..<end.lowerBound].utf8))
    else { return "'none'" }
    return "'sha256-\(Base64.encode(digest))'"
  }
}
