// SPDX-License-Identifier: Apache-2.0

package import Delivery
import Files
package import NIOSSL
package import PostgresWire
import Synchronization

/// What files of certificates say of TLS, read again when they change. While they cannot be used, or only one of two has been
/// replaced, what they held before counts.
package final class WatchedCertificates: Sendable {
  /// What a look at the files came to.
  package enum Change: Hashable, Sendable {
    /// They are as they were.
    case none
    /// There is something new.
    case renewed
    /// They are others, and cannot be used.
    case unusable
  }

  private struct State {
    var tls: TLSConfiguration
    /// As they were when they were read; nil for one that is not there.
    var files: [FileStatus?]
    /// Why they cannot be read anew.
    var problem: CertificateProblem?
  }

  private let authorityFile: String?
  private let clientCertificate: CertificateFiles?
  private let minimum: TLSVersion
  private let state: Mutex<State>

  /// Whether there is any file.
  package let isNamed: Bool

  /// Reads the files.
  package init(
    authorityFile: String?, clientCertificate: CertificateFiles?, minimum: TLSVersion = .tlsv12
  ) throws(Failure) {
    (self.authorityFile, self.clientCertificate, self.minimum) = (authorityFile, clientCertificate, minimum)
    isNamed = authorityFile != nil || clientCertificate != nil
    let files = Self.files(authorityFile, clientCertificate)
    do {
      let tls = try TLSConfiguration(
        authorityFile: authorityFile, clientCertificate: clientCertificate, minimum: minimum, patience: 10_000)
      state = Mutex(State(tls: tls, files: files))
    } catch { throw error.failure }
  }

  /// What counts now.
  package var current: TLSConfiguration { state.withLock(\.tls) }

  /// Whether the files could not be used at the last look.
  package var isStale: Bool { state.withLock { $0.problem != nil } }

  /// What is wrong with which file since it has changed.
  package var complaints: [String: String] {
    state.withLock { state in state.problem.map { [$0.subject: $0.what] } ?? [:] }
  }

  /// Looks whether the files are others than were read, and reads them then.
  package func look() -> Change {
    state.withLock { state in
      let files = Self.files(authorityFile, clientCertificate)
      let isSame = zip(files, state.files).allSatisfy { new, old in
        guard let new, let old else { return new == nil && old == nil }
        return new.isUnchanged(since: old)
      }
      guard !isSame else {
        state.problem = nil
        return .none
      }
      do throws(CertificateProblem) {
        state.tls = try TLSConfiguration(
          authorityFile: authorityFile, clientCertificate: clientCertificate, minimum: minimum, patience: 0)
        (state.files, state.problem) = (files, nil)
        return .renewed
      } catch {
        state.problem = error
        return .unusable
      }
    }
  }

  private static func files(_ authorityFile: String?, _ clientCertificate: CertificateFiles?) -> [FileStatus?] {
    [authorityFile, clientCertificate?.certificate, clientCertificate?.key]
      .compactMap(\.self).map { (try? FileStatus(path: $0)) ?? nil }
  }
}
