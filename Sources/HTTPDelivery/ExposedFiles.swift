// SPDX-License-Identifier: Apache-2.0

import Files
public import PostgresWire

extension CredentialFiles {
  /// Files that other users of the machine can reach although they are not to: these and further secrets, which nobody
  /// may read or write, and others that are trusted, which nobody may write.
  public func warnings(secrets: [String] = [], trusted: [String] = []) -> [Wording] {
    let all = [headers, bearerToken, basic, signingSecrets].compactMap { $0 } + secrets
    return all.compactMap { Self.warning($0, isSecret: true) }
      + trusted.compactMap { Self.warning($0, isSecret: false) }
  }

  /// A file that is not there is an error elsewhere.
  private static func warning(_ path: String, isSecret: Bool) -> Wording? {
    guard let status = try? FileStatus(path: path), status.isRegular else { return nil }
    if status.isChangeable(at: path) {
      return "\(path) can be changed by other users of this machine; own it, and take their rights away (chmod go-rwx)"
    }
    guard isSecret, status.isReadableByOthers else { return nil }
    return "\(path) can be read by other users of this machine; take their rights away (chmod go-rwx)"
  }
}
