// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The schema registry for tests, of `Scripts/lib.d`. Its first schema has the id 100001.
final class SchemaRegistry: Sendable {
  let url: String
  private let server: ChildProcess

  /// Starts one with options of the script's.
  init(_ options: [String] = []) throws {
    let script = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Scripts/lib.d/schema_registry.py")
    server = try ChildProcess(
      "/usr/bin/env", ["PYTHONDONTWRITEBYTECODE=1", "python3", script.standardizedFileURL.path] + options)
    let server = server
    do { url = try eventually("the registry listens", within: 30) { server.output.lines.first } } catch {
      try? server.kill9()
      throw ChildProcess.Failure(description: "\(error): \(server.errors.text)")
    }
  }

  /// What it was asked: method, path and status.
  var requests: [String] { Array(server.output.lines.dropFirst()) }

  func end() { try? server.kill9() }
}
