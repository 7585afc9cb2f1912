// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A system call that failed, by its error number.
package struct SystemFailure: Error, Hashable, Sendable {
  package let number: Int32
  /// Words of our own, where the system's do not say it.
  private let words: String?
  /// What helps against it, where its number does not tell.
  package let remedy: String?

  package init(number: Int32, words: String? = nil, remedy: String? = nil) {
    self.number = number
    self.words = words
    self.remedy = remedy
  }

  /// Our words for it, or else the system's.
  package var text: String { unsafe words ?? String(cString: strerror(number)) }

  /// The same within a sentence: the system's begin with a capital.
  package var textInSentence: String { text.prefix(1).lowercased() + text.dropFirst() }

  /// Whether no more files or connections may be open: then it is not the place that is wrong.
  package var isOfLimit: Bool { number == EMFILE || number == ENFILE }

  /// That of the last call of this thread.
  package static var last: SystemFailure { SystemFailure(number: errno) }

  /// No more files may be open.
  package static let mostFiles = SystemFailure(number: EMFILE)
  /// A file that is to be small is not.
  static let tooLong = SystemFailure(number: EFBIG)
  /// A file that is to be there is not.
  package static let missing = SystemFailure(number: ENOENT)
  /// A file that is to be read again is a pipe, a directory or the like.
  static let notRegular = SystemFailure(number: EINVAL, words: "it is no regular file any more")
  /// A file that is to be text is not.
  static let noText = SystemFailure(number: EILSEQ)
}
