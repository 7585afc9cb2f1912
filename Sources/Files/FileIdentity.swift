// SPDX-License-Identifier: Apache-2.0

/// Which file a path leads to, whether it is there yet or not: two spellings, a link and another name of it are the same.
package enum FileIdentity: Hashable, Sendable {
  /// A file that is there, by its device and number.
  case file(UInt64, UInt64)
  /// One that is not, by its directory and name.
  case name(UInt64, UInt64, String)
  /// Its directory is not there either.
  case path(String)

  /// Looks where a path leads.
  package init(_ named: String) {
    let path = (try? OwnFile.output.followed(named)) ?? named
    if let status = try? FileStatus(path: path) {
      self = .file(status.device, status.inode)
      return
    }
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    if let status = try? FileStatus(path: directory) {
      self = .name(status.device, status.inode, name)
    } else {
      self = .path(path)
    }
  }
}
