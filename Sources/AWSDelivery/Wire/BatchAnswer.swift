// SPDX-License-Identifier: Apache-2.0

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
