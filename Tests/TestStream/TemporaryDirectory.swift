// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory that goes with this value.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    // In memory where that is possible: hundreds of fsyncs should not wait for a disk that others are using.
    let memory = URL(filePath: "/dev/shm")
    let isThere = FileManager.default.isWritableFile(atPath: memory.path)
    let parent = isThere ? memory : FileManager.default.temporaryDirectory
    let url = parent.appending(path: "tailrace-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func file(_ name: String) -> String { "\(path)/\(name)" }

  package func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  package func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: file(name)))) }

  /// What is in it.
  package func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }
}
