// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory that a server's user can reach, for servers and outputs.
struct TemporaryDirectory: Sendable {
  let path: String

  /// - Parameter place: where it is made.
  init(in place: String = "/tmp") throws {
    path = "\(place)/tailrace-test-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }
}
