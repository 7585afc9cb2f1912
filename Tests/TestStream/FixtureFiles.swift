// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The recorded scenarios in the directory `Fixtures`.
package enum FixtureFiles {
  /// The directory.
  package static let directory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

  /// The versions of PostgreSQL that are there, as the names of their directories.
  package static let versions = ["pg15", "pg18"]

  /// The scenarios recorded with a version.
  package static func scenarios(_ version: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: version).path)
      .filter { $0.hasSuffix(".dump") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// The paths of all dumps.
  package static func dumps() throws -> [String] {
    try versions.flatMap { version in
      try scenarios(version).map { directory.appending(path: "\(version)/\($0).dump").path }
    }
  }
}
