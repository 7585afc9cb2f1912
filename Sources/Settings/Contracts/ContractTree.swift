// SPDX-License-Identifier: Apache-2.0

import Contracts
import Files
package import PostgresWire

/// Where contracts lie: a directory, or what git has of it at some commit.
package struct ContractTree: Sendable {
  /// The longest file that is read, in bytes.
  static let longest = 16 << 20
  /// As many files as are read: who names a directory with more has named another.
  private static let mostFiles = 20_000

  /// The files' names, with the names of directories before them.
  let names: [String]
  /// What stands before a name when a file is spoken of.
  let place: String
  private let read: @Sendable (String) throws(Failure) -> [UInt8]

  /// The text of a file.
  func text(of name: String) throws(Failure) -> [UInt8] { try read(name) }

  /// The `.proto` file that lies beside a contract's, called as that; nil without one.
  func source(of contract: Contract) throws(Failure) -> String? {
    guard Contract.isBinary(contract.file), contract.file.hasPrefix(place),
      let dot = contract.file.lastIndex(of: ".")
    else { return nil }
    let name = contract.file[..<dot].dropFirst(place.count) + ".proto"
    guard names.contains(String(name)) else { return nil }
    return String(decoding: try text(of: String(name)), as: UTF8.self)
  }

  /// Whether there is a directory of that name.
  package static func isDirectory(_ path: String) -> Bool {
    (try? FileStatus(path: path))?.isDirectory ?? false
  }

  /// Whether a name can only be a directory's.
  package static func isPath(_ name: String) -> Bool {
    name.hasPrefix("/") || name.hasPrefix("./") || name.hasPrefix("../") || name == "." || name == ".."
      || name.hasSuffix("/")
  }

  private static func withoutSlashes(_ directory: String) -> String {
    var directory = directory
    while directory.utf8.count > 1, directory.hasSuffix("/") { directory.removeLast() }
    return directory
  }

  /// A directory as it is.
  package init(directory: String) throws(Failure) {
    guard !directory.isEmpty else {
      throw Failure(
        .settings, "cannot read the contracts: the directory's name is empty",
        advice: "name the directory of the contracts")
    }
    // With one slash behind it, however it was written.
    let directory = Self.withoutSlashes(directory)
    var names: [String] = []
    do throws(SystemFailure) {
      for name in try OpenFile.names(inDirectory: directory) {
        // Also what leads out of it.
        if name.hasPrefix(".") { continue }
        guard try FileStatus(path: "\(directory)/\(name)")?.isDirectory == true else {
          names.append(name)
          continue
        }
        names += try OpenFile.names(inDirectory: "\(directory)/\(name)")
          .filter { !$0.hasPrefix(".") }.map { "\(name)/\($0)" }
        if names.count > Self.mostFiles { break }
      }
    } catch {
      throw Failure(
        .settings, "cannot read the contracts in \(directory): \(error.textInSentence)",
        advice: "name a directory that has contracts.yaml, or a directory for each type of event")
    }
    try self.init(names, place: directory == "/" ? "/" : "\(directory)/") { (name) throws(Failure) in
      // Whoever waits for a pipe's writer, waits for long.
      if let status = try? FileStatus(path: "\(directory)/\(name)"), !status.isRegular {
        throw Failure(
          .settings, "cannot read \(directory)/\(name): it is no regular file", advice: "make it one, or take it away")
      }
      do throws(SystemFailure) {
        let path = "\(directory)/\(name)"
        if Contract.isBinary(name) {
          guard let bytes = try SmallFile.bytes(path, atMost: Self.longest) else { throw .missing }
          return bytes
        }
        guard let text = try SmallFile.read(path, atMost: Self.longest) else { throw .missing }
        return Array(text.utf8)
      } catch {
        throw Failure(
          .settings, "cannot read \(directory)/\(name): \(error.textInSentence)",
          advice: "make it a file that can be read")
      }
    }
  }

  /// What git has of a directory at a commit, by any name that git knows it by.
  package init(directory: String, at commit: String) throws(Failure) {
    let git = ContractGit(directory)
    try git.find(commit)
    let listed = try git.output(["ls-tree", "-r", "-z", commit], for: commit)
    // Mode, kind and digest, a tab, and the name.
    let names = listed.split(separator: 0).map { entry in
      String(decoding: entry.drop { $0 != UInt8(ascii: "\t") }.dropFirst(), as: UTF8.self)
    }
    try self.init(names, place: "\(commit):\(try git.prefix(for: commit))") { (name) throws(Failure) in
      try git.output(["show", "\(commit):./\(name)"], for: commit)
    }
  }

  private init(
    _ names: [String], place: String, read: @escaping @Sendable (String) throws(Failure) -> [UInt8]
  ) throws(Failure) {
    guard names.count <= Self.mostFiles else {
      throw Failure(
        .settings, "there are more than \(Self.mostFiles) files in \(place)",
        advice: "name the directory of the contracts")
    }
    (self.names, self.place, self.read) = (names.sorted(), place, read)
  }
}
