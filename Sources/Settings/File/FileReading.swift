// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
package import PostgresWire
import Yams

/// Reads YAML, and JSON, which is a part of it. Source: YAML 1.2.2; JSON as RFC 8259 has it.
package enum FileReading {
  /// The most that is read, in bytes: who names a larger one has named something else.
  package static let longest = 1 << 20
  /// No more words may begin like an alias: what a few stand for is bounded, what many may is not.
  private static let mostAliases = 16

  /// The text of a file.
  package static func text(of path: String) throws(Failure) -> String {
    let found: String?
    do { found = try SmallFile.read(path, atMost: longest) } catch {
      let why = error.number == EFBIG ? "it has more than 1 MiB, so it is no configuration" : error.textInSentence
      throw Failure(.settings, "cannot read \(path): \(why)", advice: "name a file that can be read")
    }
    guard let found else {
      throw Failure(
        .settings, "cannot read \(path): there is no such file", advice: "name the file with the configuration")
    }
    return found
  }

  /// What a text says, and all that is wrong with it that shows before anybody knows what it is about. Nil where nothing of it
  /// can be used.
  package static func parse(_ text: String) -> (node: FileNode?, mistakes: [FileMistake]) {
    if let many = tooManyAliases(text) { return (nil, [many]) }
    let escapes = PairedEscapes(text)
    do {
      // A node knows its anchor only as long as the parser is there.
      let parser = try Parser(yaml: escapes.text, encoding: .utf8)
      return try withExtendedLifetime(parser) {
        guard let root = try parser.singleRoot() else { return (FileNode(FilePosition(), .map([])), []) }
        var reader = NodeReader(escapes)
        let node = reader.read(root)
        return (node, reader.mistakes.sorted { $0.position < $1.position })
      }
    } catch {
      return (nil, [mistake(error, escapes)])
    }
  }

  private static func tooManyAliases(_ text: String) -> FileMistake? {
    var count = 0
    for (number, line) in FileLines(text.utf8).enumerated() {
      let isComment = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } == UInt8(ascii: "#")
      guard !isComment else { continue }
      var before = UInt8(ascii: " ")
      var isStar = false
      for byte in line {
        if isStar, isOfName(byte) { count += 1 }
        isStar = byte == UInt8(ascii: "*") && " \t[{,:-?".utf8.contains(before)
        before = byte
      }
      if count > mostAliases {
        return FileMistake(
          FilePosition(line: number + 1), "there are too many aliases (*) up to here; write values out")
      }
    }
    return nil
  }

  /// Whether an alias may begin with it. Source: libyaml, `IS_ALPHA`.
  private static func isOfName(_ byte: UInt8) -> Bool {
    let sign = Unicode.Scalar(byte)
    return ("a"..."z").contains(sign) || ("A"..."Z").contains(sign) || ("0"..."9").contains(sign) || sign == "_"
      || sign == "-"
  }

  private static func mistake(_ error: any Error, _ escapes: PairedEscapes) -> FileMistake {
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      let position = escapes.given(FilePosition(mark))
      if isIndentedWithTab(escapes.text, position) {
        return FileMistake(position, "a line is indented with a tab here; YAML takes blanks only")
      }
      let place = context.map { ", \($0.text) at \(escapes.given(FilePosition($0.mark)))" } ?? ""
      return FileMistake(position, "it cannot be read on from here: \(problem)\(place)")
    case .composer(_, let problem, let mark, _):
      let isSecond = problem.contains("another document")
      return FileMistake(
        escapes.given(FilePosition(mark)), isSecond ? "a second document begins here; a file has one" : problem)
    case .reader(let problem, let offset, _, _):
      // Of such a text nothing was made: it is no JSON.
      return FileMistake(FilePosition(endOf: escapes.text.prefix(offset ?? 0).utf8), problem)
    case .duplicatedKeysInMapping(let names, let context):
      let shown = names.prefix(5).map { "'\($0.prefix(60))'" }.joined(separator: ", ")
      return FileMistake(escapes.given(FilePosition(context.mark)), "\(shown): given here, and again in the same map")
    default: return FileMistake(FilePosition(), "it cannot be read as YAML")
    }
  }

  private static func isIndentedWithTab(_ text: String, _ position: FilePosition) -> Bool {
    guard let line = FileLines(text.utf8).dropFirst(position.line - 1).first(where: { _ in true }) else { return false }
    return line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.contains(UInt8(ascii: "\t"))
  }
}

/// Takes over what was read, and refuses what a configuration does not need.
private struct NodeReader {
  private(set) var mistakes: Set<FileMistake> = []
  private let escapes: PairedEscapes

  init(_ escapes: PairedEscapes) { self.escapes = escapes }

  mutating func read(_ node: Node) -> FileNode {
    let position = escapes.given(FilePosition(node.mark))
    let nothing = FileNode(position, .value("", isQuoted: false))
    guard node.anchor == nil else {
      mistakes.insert(
        FileMistake(position, "anchors and aliases (& and *) are not taken; write it out, or use defaults"))
      return nothing
    }
    switch node {
    case .scalar(let scalar):
      if isTagged(scalar.tag) {
        mistakes.insert(FileMistake(position, "tags (!) are not taken; write the value alone"))
      }
      return FileNode(position, .value(scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any))
    case .sequence(let sequence): return FileNode(position, .list(sequence.map { read($0) }))
    case .mapping(let mapping):
      var members: [FileNode.Member] = []
      for (key, value) in mapping {
        let place = escapes.given(FilePosition(key.mark))
        guard case .scalar(let name) = key, key.anchor == nil else {
          mistakes.insert(FileMistake(place, "a key is plain text"))
          continue
        }
        members.append(.init(name: name.string, position: place, node: read(value)))
      }
      return FileNode(position, .map(members))
    case .alias: return nothing
    }
  }

  private func isTagged(_ tag: Tag) -> Bool { "\(tag)".hasPrefix("!") }
}

extension FilePosition {
  fileprivate init(_ mark: Mark?) { self.init(line: mark?.line ?? 1, column: mark?.column ?? 1) }
}
