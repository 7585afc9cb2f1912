// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Synchronization

/// The credentials of now. Those that end are asked for again before they end; while that fails, those that still count are used.
actor CredentialStore {
  /// So long before their end others are asked for, in seconds.
  private static let early: Int64 = 300
  /// So long before their end they are not used any more.
  private static let late: Int64 = 15
  /// So long after a failure nobody asks again while those of before count.
  private static let pause: Int64 = 10

  nonisolated let chain: CredentialChain
  private let clock: @Sendable () -> Int64
  private var known: AWSCredentials?
  private var asking: Task<Result<AWSCredentials, CredentialTrouble>, Never>?
  private var notBefore = Int64.min
  /// Why others could not be had; nil while all is well.
  private nonisolated let complaint = Mutex<String?>(nil)

  init(_ chain: CredentialChain, clock: @escaping @Sendable () -> Int64 = { PostgresTimestamp.now.unixSeconds }) {
    (self.chain, self.clock) = (chain, clock)
  }

  /// What is wrong although requests go on.
  nonisolated var complaints: [String: String] {
    var complaints = complaint.withLock(\.self).map { ["credentials of AWS": $0] } ?? [:]
    if case .profile(let profile) = chain { complaints.merge(profile.complaints) { first, _ in first } }
    return complaints
  }

  /// What counts now.
  func credentials() async throws(CredentialTrouble) -> AWSCredentials {
    // These are at hand, and may be others at any time.
    switch chain {
    case .fixed, .profile: return try await chain.credentials()
    case .webIdentity, .container, .instance: break
    }
    let now = clock()
    if let known, known.end.map({ now < $0 - Self.early || now < notBefore && now < $0 - Self.late }) ?? true {
      return known
    }
    let task: Task<Result<AWSCredentials, CredentialTrouble>, Never>
    if let asking {
      task = asking
    } else {
      let chain = chain
      task = Task { () async -> Result<AWSCredentials, CredentialTrouble> in
        do throws(CredentialTrouble) { return .success(try await chain.credentials()) } catch { return .failure(error) }
      }
      asking = task
    }
    let result = await task.value
    if asking == task { asking = nil }
    switch result {
    case .success(let found):
      known = found
      complaint.withLock { $0 = nil }
      // Some that end soon are all there are: they are not asked for with each request.
      notBefore = clock() + Self.pause
      return found
    case .failure(let trouble):
      if let known, known.end.map({ clock() < $0 - Self.late }) ?? true {
        notBefore = clock() + Self.pause
        complaint.withLock { $0 = "cannot be renewed, those of before still count: \(trouble.reason)" }
        return known
      }
      throw trouble
    }
  }

  /// AWS does not take these: others are asked for.
  func refuse(_ credentials: AWSCredentials) {
    if known == credentials { known = nil }
  }

  nonisolated func close() { chain.close() }
}
