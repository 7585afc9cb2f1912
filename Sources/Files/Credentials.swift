// SPDX-License-Identifier: Apache-2.0

/// Files that a service manager hands to a unit while that runs. Source: systemd.exec(5), `LoadCredential=`.
package enum Credentials {
  private static let directory = "/run/credentials/"

  /// What to do when one is not there.
  package static let whenMissing =
    "it is there only while the unit runs: run this as the service does (tailrace-as NAME)"

  /// Whether a path leads to one of them.
  package static func isOfUnit(_ path: String) -> Bool { path.hasPrefix(directory) }
}

extension FileStatus {
  /// Whether others may change a file of this name: write into it, or, as its owner, let themselves.
  package func isChangeable(at path: String) -> Bool {
    // A unit's user owns its credentials, on a file system on which nobody writes.
    if Credentials.isOfUnit(path), mode & 0o222 == 0 { return false }
    return !isOwnerTrusted || isWritableByOthers
  }
}
