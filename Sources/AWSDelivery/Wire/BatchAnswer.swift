// SPDX-License-Identifier: Apache-2.0

import Files

/// What is said of each entry of a batch.
package struct BatchAnswer: Hashable, Sendable {
  /// An entry that was stored.
  package struct Stored: Hashable, Sendable {
    package var id: String
    /// Of its body, in hexadecimal digits; nil where nothing is said.
    package var digest: String?
  }

  /// An entry that was not.
  package struct Failed: Hashable, Sendable {
    package var id: String
    package var code: String
    /// The other side's words, which are not shown.
    package var message: String
    /// Whether it says that we are to blame.
    package var isOurs: Bool
  }

  package var stored: [Stored] = []
  package var failed: [Failed] = []
}

/// Why a whole request was not done.
package struct ErrorAnswer: Hashable, Sendable {
  package var code: String
  /// The other side's words, which are not shown.
  package var message: String
}

extension ErrorAnswer {
  /// Header fields that have a code, in small letters, the first one counting more. Source: Smithy, "AWS JSON 1.0 protocol",
  /// "Operation error serialization"; Amazon SQS Developer Guide, "AWS JSON protocol", what keeps codes of the query protocol.
  static let fields = ["x-amzn-errortype", "x-amzn-query-error"]

  /// Reads an answer, whose header counts where its words have no code. What stands before a service may answer in the words of
  /// the other protocol.
  init(_ body: [UInt8], _ header: [String: String]) {
    self = JSONAnswer.error(body) ?? XMLAnswer.error(body) ?? ErrorAnswer(code: "", message: "")
    for field in Self.fields where code.isEmpty { code = Self.code(header[field] ?? "") }
  }

  /// A code without the namespace before its `#`, and without what follows it behind a `:` or a `;`.
  static func code(_ text: String) -> String {
    let whole = text.prefix { $0 != ":" && $0 != ";" }
    return String(whole.split(separator: "#").last ?? whole).trimmedBlanks
  }
}
