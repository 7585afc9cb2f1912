// SPDX-License-Identifier: Apache-2.0

package import Files
import Glibc
package import PostgresWire
import Synchronization

/// A file of credentials, read again whenever it changes. While what it holds then makes no sense, what it held before counts.
package final class CredentialFile<Value: Sendable>: Sendable {
  /// What the file should be, in words; never what is in it.
  package struct Problem: Error {
    let wants: String

    package init(_ wants: String) { self.wants = wants }
  }

  private struct Content {
    var text: String
    var value: Value
    /// What is wrong with what it holds now.
    var problem: String?
    /// What is wrong with the file now.
    var complaint: String?
  }

  package let path: String
  private let file: WatchedFile
  private let parse: @Sendable (String) throws(Problem) -> Value
  private let content: Mutex<Content>

  /// Reads a file; one that cannot be read or makes no sense is an error.
  package init(
    _ path: String, _ parse: @escaping @Sendable (String) throws(Problem) -> Value
  ) throws(Failure) {
    let strict: @Sendable (String) throws(Problem) -> Value = { (text) throws(Problem) in
      guard text.unicodeScalars.first != "\u{FEFF}" else {
        throw Problem("begins with a byte order mark, which would be sent; write it without one")
      }
      return try parse(text)
    }
    self.parse = strict
    self.path = path
    do { file = try WatchedFile(path: path) } catch {
      throw Failure(
        .credentials, "cannot read \(path): \(error.ofText)",
        advice: Credentials.isOfUnit(path) ? "\(Credentials.whenMissing)" : nil)
    }
    let text = file.current.text
    do { content = Mutex(Content(text: text, value: try strict(text))) } catch {
      throw Failure(.credentials, "\(path): \(error.wants)")
    }
  }

  /// What counts now.
  package var current: Value {
    let (text, failure) = file.current
    return content.withLock { content in
      if text != content.text {
        content.text = text
        do throws(Problem) {
          content.value = try parse(text)
          content.problem = nil
        } catch {
          content.problem = error.wants
        }
      }
      content.complaint = failure.map { "cannot be read: \($0.ofText)" } ?? content.problem
      return content.value
    }
  }

  /// What was wrong with the file at the last look.
  package var complaint: String? { content.withLock(\.complaint) }
}

extension CredentialFile<String> {
  /// Reads a file with a password in it.
  package convenience init(passwordIn path: String) throws(Failure) {
    try self.init(path) { (text) throws(Problem) in
      guard !text.isEmpty, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
        throw Problem("wants one line with a password")
      }
      return text
    }
  }
}

extension SystemFailure {
  /// What it means for a file that is to hold text.
  package var ofText: String {
    switch number {
    case ENOENT: "there is no such file"
    case EILSEQ: "it is not UTF-8 text"
    case EFBIG: "it is too long"
    case ETIMEDOUT: "it is a pipe, and nothing came through it"
    default: textInSentence
    }
  }
}
