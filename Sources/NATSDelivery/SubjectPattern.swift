// SPDX-License-Identifier: Apache-2.0

import Delivery

/// The subjects that a route leads to, with a wildcard for each token that an event fills in. Source: NATS documentation,
/// "Subject-Based Messaging".
struct SubjectPattern: Hashable, Sendable {
  let text: String

  init(_ route: Route) {
    if let literal = route.literal {
      text = literal
    } else {
      text = route.pattern.split(separator: ".", omittingEmptySubsequences: false)
        .map { $0.contains("{") ? "*" : String($0) }.joined(separator: ".")
    }
  }

  /// Whether a stream's subject takes all of them.
  func isCovered(by subject: String) -> Bool {
    let ours = text.split(separator: ".", omittingEmptySubsequences: false)
    let theirs = subject.split(separator: ".", omittingEmptySubsequences: false)
    for (place, token) in theirs.enumerated() {
      if token == ">" { return place < ours.count }
      guard place < ours.count, token == "*" || token == ours[place] else { return false }
    }
    return theirs.count == ours.count
  }

  /// What is wrong with the literal part of a route; nil where subjects can have it.
  static func problem(of route: Route) -> String? {
    let text = route.literal ?? route.pattern
    let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
    guard tokens.allSatisfy({ !$0.isEmpty }) else { return "a subject has no empty token: there is a dot too many" }
    guard route.texts.joined().utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !#"*>"\"#.utf8.contains($0) }) else {
      return "a subject has no blanks, quotation marks, backslashes or wildcards"
    }
    guard !text.hasPrefix("$") else { return "subjects that begin with $ are the server's own" }
    guard text.utf8.count <= 1024 else { return "at most 1024 bytes" }
    return nil
  }
}
