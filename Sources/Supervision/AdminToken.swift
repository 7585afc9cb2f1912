// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import PostgresWire
import Synchronization

/// What whoever asks has to know. While the file holds no token, the one before counts.
final class AdminToken: Sendable {
  private let file: CredentialFile<[UInt8]>
  private let told = Mutex(String?.none)

  init(_ path: String) throws(Failure) {
    file = try CredentialFile(path) { (text) throws(CredentialFile<[UInt8]>.Problem) in
      guard !text.isEmpty else { throw .init("is empty; it has to hold a token") }
      guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw .init("wants one line with a token and no blank in it")
      }
      return Array(text.utf8)
    }
  }

  /// Whether a request's `Authorization` proves it; how long that takes does not tell how much of it is right.
  func isProved(by authorization: String?) -> Bool {
    guard let authorization, authorization.prefix(7).lowercased() == "bearer " else { return false }
    let (given, wanted) = (Array(authorization.dropFirst(7).utf8), file.current)
    var difference = given.count ^ wanted.count
    for (index, byte) in given.enumerated() { difference |= Int(byte ^ wanted[index % wanted.count]) }
    return difference == 0
  }

  /// What an operator should hear of the file since the last look.
  func changes() -> [Wording] {
    _ = file.current
    let now = file.complaint
    return told.withLock { told in
      defer { told = now }
      guard now != told else { return [] }
      return [now.map { "\(file.path) \($0); the token of before counts" } ?? "\(file.path): can be used again"]
    }
  }
}
