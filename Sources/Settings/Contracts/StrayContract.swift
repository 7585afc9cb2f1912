// SPDX-License-Identifier: Apache-2.0

import Contracts
import Files
import Octets
import PostgresWire

/// A file that lies among contracts and is none by its name.
struct StrayContract {
  static let code = "file"

  private let parts: [Substring]
  private let file: String

  init(_ parts: [Substring], _ file: String) { (self.parts, self.file) = (parts, file) }

  /// `3` of `3.avsc`: from 1, without zeros before it, so that one version has one name.
  static func version(_ name: Substring) -> Int? {
    guard let dot = name.lastIndex(of: "."), Contract.endings.contains(String(name[name.index(after: dot)...]))
    else {
      return nil
    }
    let digits = name[..<dot]
    guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      digits.first != "0"
    else { return nil }
    return Int(digits)
  }

  var finding: ContractFinding {
    ContractFinding(
      .violation, Self.code, file: file,
      rule: parts.count == 2 && parts[1].hasSuffix(".proto")
        ? "a .proto file is not read by itself"
        : "this is neither contracts.yaml nor TYPE/VERSION.avsc, TYPE/VERSION.json or TYPE/VERSION.binpb",
      advice: advice)
  }

  private var advice: String {
    if parts.count == 1, ["contracts.yml", "contract.yaml", "contracts.json"].contains(parts[0]) {
      return "name it contracts.yaml"
    }
    if parts.count == 1 {
      return Self.looksLikeSchema(parts[0])
        ? "put it into the directory of its type, such as OrderPlaced/\(parts[0])"
        : "move it away, or name it so that it begins with a dot or ends in .md"
    }
    let isDeeper = parts.count > 2 || ContractTree.isDirectory(file)
    if isDeeper {
      return "put the versions into one directory for their type; a slash in a type is %2F: "
        + parts[..<max(2, parts.count - 1)].joined(separator: "%2F")
    }
    if Hexadecimal.percentDecoded(parts[0].utf8) == nil { return "a percent in a type is %25" }
    if parts[1].hasSuffix(".proto") { return ProtobufSource(parts, file).advice }
    if Self.looksLikeSchema(parts[1]) {
      return "name it by its version, 1, 2 and so on, without zeros before it and ending in lower case, such as 1.avsc"
    }
    return "move it away, or name it so that it begins with a dot or ends in .md"
  }

  private static func looksLikeSchema(_ name: Substring) -> Bool {
    (Contract.endings + ["proto"]).contains { name.lowercased().hasSuffix(".\($0)") }
  }

  /// Which directory may have been meant, where there is no contract in one; nil when nothing looks like it.
  ///
  /// - Parameters:
  ///   - names: the files' names.
  ///   - place: what stands before them.
  static func advice(for names: [String], in place: String) -> Wording? {
    let parts = names.map { $0.split(separator: "/", omittingEmptySubsequences: false) }
    if parts.contains(where: { $0.count == 1 && version($0[0]) != nil }) {
      return "name the directory above: this looks like that of one type"
    }
    // A directory is read two levels deep; of git, files are listed at any.
    if let rules = parts.first(where: { $0.count > 1 && $0.last == ContractDirectory.rulesFile[...] }) {
      return "\(rules.dropLast().joined(separator: "/"))/ below it looks like the directory"
    }
    guard let type = parts.first(where: { holdsVersions($0, place) })?.prefix(2), type.count == 2 else { return nil }
    return "\(type[0])/ below it looks like the directory; or else, a slash in a type is %2F: \(type[0])%2F\(type[1])"
  }

  /// Whether it is a version's file within two directories, or those two with such a file in them.
  private static func holdsVersions(_ parts: [Substring], _ place: String) -> Bool {
    if parts.count == 3 { return version(parts[2]) != nil }
    let directory = place + parts.joined(separator: "/")
    guard parts.count == 2, ContractTree.isDirectory(directory) else { return false }
    return (try? OpenFile.names(inDirectory: directory).contains { version($0[...]) != nil }) == true
  }
}
