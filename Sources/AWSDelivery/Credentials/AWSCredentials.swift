// SPDX-License-Identifier: Apache-2.0

/// What proves to AWS who we are.
package struct AWSCredentials: Hashable, Sendable {
  package var accessKey: String
  package var secretKey: String
  package var sessionToken: String?
  /// When they end, in seconds since 1970; nil where they do not.
  package var end: Int64?

  package init(accessKey: String, secretKey: String, sessionToken: String? = nil, end: Int64? = nil) {
    (self.accessKey, self.secretKey) = (accessKey, secretKey)
    (self.sessionToken, self.end) = (sessionToken, end)
  }

  /// Whether they can stand in a header field: what cannot would be told of as something else.
  var areWritable: Bool {
    let isWritable: (String) -> Bool = { !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
    return isWritable(accessKey) && isWritable(secretKey) && sessionToken.map(isWritable) ?? true
      && accessKey.utf8.count + secretKey.utf8.count + (sessionToken?.utf8.count ?? 0) <= 20_000
      && !accessKey.contains("/")
  }
}

/// Nothing shows them.
extension AWSCredentials: CustomStringConvertible, CustomReflectable {
  package var description: String { "credentials" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
