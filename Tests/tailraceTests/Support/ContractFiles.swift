// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Contracts for the events that tests place: `{"n": 1}` of type `Placed`.
enum ContractFiles {
  static let avro = #"{"type": "record", "name": "Placed", "fields": [{"name": "n", "type": "int"}]}"#
  /// It takes numbers below 3 only.
  static let small = #"{"type": "object", "properties": {"n": {"type": "integer", "maximum": 2}}, "required": ["n"]}"#
}

extension TemporaryDirectory {
  /// Writes files by their names below a directory in this one, and gives the directory's path.
  @discardableResult
  func contracts(_ files: [String: String], in directory: String = "contracts") throws -> String {
    for (name, text) in files {
      let place = URL(fileURLWithPath: file("\(directory)/\(name)"))
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: place, atomically: false, encoding: .utf8)
    }
    return file(directory)
  }

  /// Commits all that there is, with a tag.
  func commit(_ tag: String) throws {
    let git = ["-C", path, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    for words in [["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", tag], ["tag", tag]] {
      _ = try ChildProcess.run("/usr/bin/git", git + words)
    }
  }
}
