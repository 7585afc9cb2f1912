// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Reading files of a few kilobytes, such as secrets and our own records.
package enum SmallFile {
  /// The most that is read, in bytes.
  package static let limit = 65_536
  /// The most that is read of a record of our own.
  private static let recordLimit = 1 << 20

  /// The text of a record of our own; nil when there is none. What is not UTF-8 is an error, as is a file that is too long.
  ///
  /// - Parameter synchronizing: make it survive a crash of the machine first: who wrote it may have died before.
  package static func record(_ path: String, synchronizing: Bool) throws(SystemFailure) -> String? {
    guard try FileStatus(path: path, followingLinks: false) != nil else { return nil }
    let file = try OpenFile.reading(path, .record)
    if synchronizing {
      try file.synchronize()
      try OpenFile.synchronizeDirectory(of: path)
    }
    return try text(of: file, limit: recordLimit)
  }

  /// The text of a file that somebody names to be read, such as a secret; nil when there is none. A pipe is waited for, but
  /// not for ever.
  ///
  /// - Parameters:
  ///   - limit: the most that is read, in bytes.
  ///   - patience: how long somebody at the other end of a pipe may take, in milliseconds.
  package static func read(
    _ path: String, atMost limit: Int = limit, patience: Int32 = 10_000
  ) throws(SystemFailure) -> String? {
    guard try FileStatus(path: path) != nil else { return nil }
    return try text(of: try OpenFile(reading: path, waiting: false), patience, limit: limit)
  }

  /// The bytes of a file that somebody names to be read, whatever they are; nil when there is none.
  ///
  /// - Parameters:
  ///   - limit: the most that is read.
  ///   - patience: how long somebody at the other end of a pipe may take, in milliseconds.
  package static func bytes(
    _ path: String, atMost limit: Int = limit, patience: Int32 = 10_000
  ) throws(SystemFailure) -> [UInt8]? {
    guard try FileStatus(path: path) != nil else { return nil }
    return try bytes(of: try OpenFile(reading: path, waiting: false), patience, limit: limit)
  }

  private static func text(
    of file: borrowing OpenFile, _ patience: Int32 = 0, limit: Int = limit
  ) throws(SystemFailure) -> String {
    guard let text = String(validating: try bytes(of: file, patience, limit: limit), as: UTF8.self) else {
      throw .noText
    }
    return text
  }

  private static func bytes(
    of file: borrowing OpenFile, _ patience: Int32, limit: Int
  ) throws(SystemFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count <= limit {
      guard file.isRegular || file.isReadable(within: patience) else { throw SystemFailure(number: ETIMEDOUT) }
      if try file.appendNext(limit + 1 - bytes.count, to: &bytes) == 0 { break }
    }
    guard bytes.count <= limit else { throw .tooLong }
    return bytes
  }
}

/// The text of a small file, read again when the file has changed. A pipe is read once, at the start: whoever asks later does
/// not wait for its other end.
package final class WatchedFile: Sendable {
  private struct Snapshot {
    var status: FileStatus
    var text: String
    /// Why the file cannot be read now.
    var failure: SystemFailure?
  }

  package let path: String
  private let snapshot: Mutex<Snapshot>

  /// Watches a file; one that cannot be read now is an error.
  package init(path: String) throws(SystemFailure) {
    self.path = path
    guard let status = try FileStatus(path: path), let text = try SmallFile.read(path) else { throw .missing }
    snapshot = Mutex(Snapshot(status: status, text: text.trimmedBlanks))
  }

  /// The text without blanks at its ends: the last that could be read, and why the file cannot be read now.
  package var current: (text: String, failure: SystemFailure?) {
    snapshot.withLock { snapshot in
      do throws(SystemFailure) {
        guard let status = try FileStatus(path: path) else { throw .missing }
        if !status.isUnchanged(since: snapshot.status) {
          guard status.isRegular else { throw .notRegular }
          guard let text = try SmallFile.read(path, patience: 0) else { throw .missing }
          snapshot.status = status
          snapshot.text = text.trimmedBlanks
        }
        snapshot.failure = nil
      } catch {
        snapshot.failure = error
      }
      return (snapshot.text, snapshot.failure)
    }
  }
}

extension String {
  /// Without blanks, tabs and line ends at either end.
  package var trimmedBlanks: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
