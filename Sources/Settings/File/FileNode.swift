// SPDX-License-Identifier: Apache-2.0

/// A place in a file; lines and columns are counted from 1.
package struct FilePosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var line: Int
  package var column: Int

  package init(line: Int = 1, column: Int = 1) { (self.line, self.column) = (line, column) }

  package static func < (left: FilePosition, right: FilePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  /// Such as `3:5`.
  package var description: String { "\(line):\(column)" }
}

/// What is wrong in a configuration file, and where. Never holds a value that may be a secret.
package struct FileMistake: Error, Hashable, Sendable {
  package var position: FilePosition
  package var text: String

  package init(_ position: FilePosition, _ text: String) { (self.position, self.text) = (position, text) }
}

/// A part of a configuration file, with where it stands.
package struct FileNode: Sendable {
  package indirect enum Content: Sendable {
    /// A value as it is written; quotes make it text whatever it looks like.
    case value(String, isQuoted: Bool)
    case list([FileNode])
    case map([Member])
  }

  /// A key with its value.
  package struct Member: Sendable {
    package var name: String
    package var position: FilePosition
    package var node: FileNode
  }

  package var position: FilePosition
  package var content: Content

  package init(_ position: FilePosition, _ content: Content) { (self.position, self.content) = (position, content) }

  /// The members of a map; nil of anything else.
  package var members: [Member]? { if case .map(let members) = content { members } else { nil } }

  /// The parts of a list; nil of anything else.
  package var parts: [FileNode]? { if case .list(let parts) = content { parts } else { nil } }

  /// The text of a value; nil of anything else.
  package var text: String? { if case .value(let text, _) = content { text } else { nil } }

  /// Whether nothing stands there.
  package var isNothing: Bool {
    guard case .value(let text, isQuoted: false) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// Yes or no, as YAML 1.2 has it; nil of anything else.
  package var truth: Bool? {
    guard case .value(let text, isQuoted: false) = content else { return nil }
    return ["true", "True", "TRUE"].contains(text) ? true : ["false", "False", "FALSE"].contains(text) ? false : nil
  }

  /// The value of a key.
  package subscript(_ name: String) -> FileNode? { members?.first { $0.name == name }?.node }
}
