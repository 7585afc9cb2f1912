// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Synchronization

/// The credentials of now. Those that end are asked for again before they end; meanwhile, and while that fails, those that still
/// count are used.
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
    if let known {
      guard let end = known.end, now >= end - Self.early else { return known }
      if now < end - Self.late {
        // Beside the requests: whoever is to give others may be silent for long.
        if now >= notBefore { _ = ask() }
        return known
      }
    }
    return try await ask().value.get()
  }

  /// Asks for others, once at a time.
  private func ask() -> Task<Result<AWSCredentials, CredentialTrouble>, Never> {
    if let asking { return asking }
    let task = Task { () async -> Result<AWSCredentials, CredentialTrouble> in
      let result: Result<AWSCredentials, CredentialTrouble>
      do throws(CredentialTrouble) { result = .success(try await chain.credentials()) } catch {
        result = .failure(error)
      }
      note(result)
      return result
    }
    asking = task
    return task
  }

  private func note(_ result: Result<AWSCredentials, CredentialTrouble>) {
    asking = nil
    // Some that end soon may be all there are, and whoever fails is left alone: they are not asked for with each request.
    notBefore = clock() + Self.pause
    switch result {
    case .success(let found):
      known = found
      complaint.withLock { $0 = nil }
    case .failure(let trouble):
      guard let known, known.end.map({ clock() < $0 - Self.late }) ?? true else { return }
      complaint.withLock { $0 = "cannot be renewed, those of before still count: \(trouble.reason)" }
    }
  }

  /// AWS does not take these: others are asked for.
  func refuse(_ credentials: AWSCredentials) {
    if known == credentials { known = nil }
  }

  nonisolated func close() { chain.close() }
}
